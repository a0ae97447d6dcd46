import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { announcedBytes, createAdmission } from './admission.ts'

it('lets in what there is room for, and whatever is alone', async () => {
  const { admit } = createAdmission(100)
  const first = admit(1000, () => sleep(20, 'a large one'))
  await expect(admit(1, async () => 'a small one')).rejects.toMatchObject({ code: 'OVERLOADED', status: 429 })
  expect(await first).toBe('a large one')
  const two = [admit(50, () => sleep(20, 'b')), admit(50, () => sleep(20, 'c'))]
  await expect(admit(1, async () => 'd')).rejects.toMatchObject({ code: 'OVERLOADED' })
  expect(await Promise.all(two)).toEqual(['b', 'c'])
})

it('gives room back when the work fails', async () => {
  const { admit } = createAdmission(100)
  await expect(admit(100, () => Promise.reject(new Error('no photo')))).rejects.toThrow('no photo')
  expect(await admit(100, async () => 'e')).toBe('e')
})

it.each([
  ['7', 7],
  ['0', 0],
  [undefined, 100],
  ['1000', 100],
  ['-5', 100],
  ['many', 100],
])('a body that announces %j may have %i bytes', (announced, bytes) => {
  const request = new Request('http://classify/')
  if (announced !== undefined) request.headers.set('content-length', announced)
  expect(announcedBytes(request, 100)).toBe(bytes)
})
