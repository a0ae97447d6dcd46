import { abandoned, EdgeloopError } from '../errors/index.ts'

export interface BatcherOptions<Item, Result> {
  /** Computes a batch of one of `sizes`; its results are in the items' order. */
  run(items: Item[]): Promise<Result[]>
  /** Sizes that batches may have, in ascending order, the last one being the largest: few, so that each is warm. */
  sizes: readonly number[]
  /** What fills a batch up that is nearly full, or smaller than the smallest size; its results go nowhere. */
  padding: Item
  /** How long an item waits for others to come when nothing else keeps it waiting, in milliseconds. */
  maxDelayMs: number
  /** How many items may wait. */
  maxQueued: number
  onBatch?(batch: BatchReport): void
}

/** What a batch was like; times are in milliseconds. */
export interface BatchReport {
  /** Without padding. */
  size: number
  padded: number
  /** How long each item waited for its batch to begin. */
  waitedMs: number[]
  tookMs: number
}

export interface Batcher<Item, Result> {
  /**
   * Puts an item into one of the next batches.
   *
   * @param signal takes it out again, as long as its batch has not begun
   * @throws EdgeloopError OVERLOADED when as many wait as may, UNAVAILABLE when it was taken out; what `run` throws
   */
  submit(item: Item, signal?: AbortSignal): Promise<Result>
  /** How many items wait. */
  readonly queued: number
}

/** One computes, and one that cannot grow any more lies ready, so that no time passes between them. */
const BATCHES_UNDER_WAY = 2

/**
 * How much of a batch may be padding. A processor takes nearly the same time for padding as for items, so that a batch which
 * would have more of it is better computed in two.
 */
const MAX_PADDING = 0.2

interface Waiting<Item, Result> {
  item: Item
  since: number
  resolve(result: Result): void
  reject(error: unknown): void
}

/** Computes together what is asked for at the same time. Whatever comes while a batch is under way forms the next one. */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { run, sizes, padding, maxDelayMs, maxQueued, onBatch } = options
  const largest = sizes.at(-1)!
  const queue = new Set<Waiting<Item, Result>>()
  let underWay = 0
  let timer: NodeJS.Timeout | undefined

  function next(): void {
    clearTimeout(timer)
    timer = undefined
    while (queue.size > 0 && underWay < BATCHES_UNDER_WAY) {
      // What waits behind a batch that computes can as well wait for company.
      if (queue.size < largest && underWay > 0) return
      const [oldest] = queue
      const early = oldest!.since + maxDelayMs - performance.now()
      if (queue.size < largest && early > 0) {
        timer = setTimeout(next, early)
        return
      }
      const padded = sizeFor(queue.size)
      const batch = [...queue].slice(0, padded)
      for (const waiting of batch) queue.delete(waiting)
      void compute(batch, padded)
    }
  }

  /** The largest size that so many fill, or nearly fill. */
  function sizeFor(count: number): number {
    return sizes.findLast((size) => size - count <= size * MAX_PADDING) ?? sizes[0]!
  }

  async function compute(batch: Waiting<Item, Result>[], padded: number): Promise<void> {
    underWay++
    const started = performance.now()
    const items = batch.map(({ item }) => item)
    while (items.length < padded) items.push(padding)
    try {
      const results = await run(items)
      for (const [i, waiting] of batch.entries()) waiting.resolve(results[i]!)
    } catch (error) {
      for (const waiting of batch) waiting.reject(error)
    }
    underWay--
    next()
    const waitedMs = batch.map(({ since }) => started - since)
    onBatch?.({ size: batch.length, padded, waitedMs, tookMs: performance.now() - started })
  }

  return {
    submit(item, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(abandoned())
        if (queue.size >= maxQueued)
          return reject(
            new EdgeloopError('OVERLOADED', `${queue.size} photos wait already`, {
              hint: 'try again in a moment',
            })
          )
        const waiting = { item, since: performance.now(), resolve, reject }
        queue.add(waiting)
        const leave = () => {
          if (queue.delete(waiting)) reject(abandoned())
        }
        signal?.addEventListener('abort', leave, { once: true })
        const settle = (act: () => void) => {
          signal?.removeEventListener('abort', leave)
          act()
        }
        waiting.resolve = (result) => settle(() => resolve(result))
        waiting.reject = (error) => settle(() => reject(error))
        next()
      })
    },
    get queued() {
      return queue.size
    },
  }
}
