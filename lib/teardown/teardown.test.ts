import { expect, it } from 'vitest'
import { createTeardown } from './index.ts'

it('closes the newest first, all of it in spite of failures, and once', async () => {
  const closed: string[] = []
  const teardown = createTeardown()
  teardown.add(() => closed.push('first'))
  teardown.add(() => {
    throw new Error('the second one does not close')
  })
  teardown.add(async () => {
    closed.push('third')
    throw new Error('neither does the third')
  })
  await expect(teardown.run()).rejects.toThrow('neither does the third')
  await expect(teardown.run()).rejects.toThrow('neither does the third')
  expect(closed).toEqual(['third', 'first'])
})
