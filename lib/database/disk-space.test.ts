import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { createSpaceCheck, isDiskFull } from './disk-space.ts'

const thrownBy = (work: () => void): unknown => {
  try {
    work()
  } catch (thrown) {
    return thrown
  }
}

it('refuses to write to a disk that is full, with how much is left and where', () => {
  const thrown = thrownBy(createSpaceCheck('/data', () => 5000))
  expect(thrown).toMatchObject({
    code: 'UNAVAILABLE',
    message: 'the disk is full: 4 KiB are left',
    where: '/data',
  })
  expect(isDiskFull(thrown)).toBe(true)
  expect(isDiskFull(new Error('something else'))).toBe(false)
})

it('asks rarely, and goes on when there is room again', async () => {
  let asked = 0
  const check = createSpaceCheck('/data', () => (asked++ === 0 ? 0 : 2 ** 30))
  for (let time = 0; time < 100; time++) expect(thrownBy(check)).toBeDefined()
  expect(asked).toBe(1)
  await expect.poll(() => thrownBy(check)).toBeUndefined()
})

it('lets everything through where there is room, or nobody can say', () => {
  expect(thrownBy(createSpaceCheck(tmpdir()))).toBeUndefined()
  expect(thrownBy(createSpaceCheck('/no/such/directory'))).toBeUndefined()
})
