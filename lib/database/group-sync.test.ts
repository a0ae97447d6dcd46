import { describe, expect, it } from 'vitest'
import { createGroupSync } from './group-sync.ts'

describe('group sync', () => {
  it('joins those who wait, but never one that is running', async () => {
    const done: (() => void)[] = []
    const sync = createGroupSync(() => new Promise((resolve) => done.push(resolve)))
    const first = sync('d')
    const second = sync('d')
    const third = sync('d')
    expect(done).toHaveLength(1)
    done[0]!()
    await first
    await new Promise(setImmediate)
    expect(done).toHaveLength(2)
    done[1]!()
    await Promise.all([second, third])
    expect(done).toHaveLength(2)
  })
})
