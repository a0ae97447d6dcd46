import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type BatchReport, createBatcher } from './index.ts'

/** Doubles numbers, a batch at a time; `open` lets the oldest batch end. */
function doubling(settings: { sizes?: number[]; maxDelayMs?: number; maxQueued?: number } = {}) {
  const batches: number[][] = []
  const gates: ((error?: Error) => void)[] = []
  const reports: BatchReport[] = []
  const batcher = createBatcher<number, number>({
    async run(items) {
      batches.push(items)
      await new Promise<void>((resolve, reject) => {
        gates.push((error) => (error ? reject(error) : resolve()))
      })
      return items.map((item) => 2 * item)
    },
    sizes: [1, 2, 4],
    padding: 0,
    maxDelayMs: 0,
    maxQueued: 100,
    ...settings,
    onBatch: (report) => reports.push(report),
  })
  async function open(count = 1, error?: Error): Promise<void> {
    for (let i = 0; i < count; i++) {
      gates.shift()!(error)
      await sleep(1)
    }
  }
  return { ...batcher, batches, reports, open, queued: () => batcher.queued }
}

describe('a batcher', () => {
  it('lets what comes while a batch is under way form the next one', async () => {
    const { submit, batches, reports, open, queued } = doubling()
    const answers = Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((item) => submit(item)))
    // One that is full lies ready behind the one that computes.
    expect(batches).toEqual([[1], [2, 3, 4, 5]])
    expect(queued()).toBe(3)
    await open(2)
    expect(batches.slice(2)).toEqual([[6, 7]])
    await open(2)
    expect(await answers).toEqual([2, 4, 6, 8, 10, 12, 14, 16])
    expect(reports.map(({ size, padded }) => [size, padded])).toEqual([
      [1, 1],
      [4, 4],
      [2, 2],
      [1, 1],
    ])
    for (const { waitedMs, size, tookMs } of reports) {
      expect(waitedMs).toHaveLength(size)
      expect(Math.min(...waitedMs, tookMs)).toBeGreaterThanOrEqual(0)
    }
  })

  it('fills up what is nearly full, or too small, and computes the rest in smaller ones', async () => {
    const { submit, batches, open } = doubling({ sizes: [2, 5] })
    const answers = Promise.all([1, 2, 3, 4, 5].map((item) => submit(item)))
    await open()
    await open()
    expect(batches).toEqual([
      [1, 0],
      [2, 3, 4, 5, 0],
    ])
    expect(await answers).toEqual([2, 4, 6, 8, 10])
    const three = Promise.all([6, 7, 8, 9].map((item) => submit(item)))
    await open(3)
    expect(batches.slice(2)).toEqual([
      [6, 0],
      [7, 8],
      [9, 0],
    ])
    expect(await three).toEqual([12, 14, 16, 18])
  })

  it('waits for company as long as it may, but not once a batch is full', async () => {
    const { submit, batches, open } = doubling({ maxDelayMs: 50 })
    const answers = [submit(1), submit(2)]
    expect(batches).toEqual([])
    await sleep(80)
    expect(batches).toEqual([[1, 2]])
    answers.push(...[3, 4, 5, 6].map((item) => submit(item)))
    expect(batches.at(-1)).toEqual([3, 4, 5, 6])
    await open(2)
    expect(await Promise.all(answers)).toHaveLength(6)
  })

  it('refuses what would wait beyond the bound', async () => {
    const { submit, open } = doubling({ maxQueued: 2 })
    const answers = [1, 2, 3].map((item) => submit(item))
    await expect(submit(4)).rejects.toMatchObject({ code: 'OVERLOADED' })
    await open(2)
    expect(await Promise.all(answers)).toEqual([2, 4, 6])
  })

  it('does not compute what nobody waits for any more, unless it has begun', async () => {
    const { submit, batches, open } = doubling()
    const leaving = new AbortController()
    const begun = submit(1, leaving.signal)
    const second = submit(2)
    const waiting = submit(3, leaving.signal)
    const staying = submit(4)
    leaving.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(submit(5, leaving.signal)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await open(2)
    expect(batches).toEqual([[1], [2, 4]])
    expect(await Promise.all([begun, second, staying])).toEqual([2, 4, 8])
  })

  it('passes a failure on to the whole batch, and to no other', async () => {
    const { submit, open } = doubling()
    const answers = Promise.allSettled([1, 2].map((item) => submit(item)))
    await open(1, new Error('moths'))
    await open()
    expect(await answers).toMatchObject([{ reason: { message: 'moths' } }, { value: 4 }])
  })
})
