import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Database, openDatabase } from '../database/index.ts'
import { backoffDelay, createSpool, createWorker, type Outcome, type Spool, type Worker } from './index.ts'

let directory: string
let database: Database
let spool: Spool<string>
let worker: Worker | undefined
const backoff = { initialMs: 10, maxMs: 40 }
const add = (...texts: string[]) => spool.enqueue(texts.map((payload) => ({ queue: 'q', payload })))
const empty = () => vi.waitFor(() => expect(spool.depth('q').queued).toBe(0), { timeout: 5000, interval: 5 })

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'edgeloop-worker-'))
  database = await openDatabase(directory)
  spool = createSpool(database, 'test', z.string())
})
afterEach(async () => {
  await worker?.close()
  worker = undefined
  await database.close()
  await rm(directory, { recursive: true, force: true })
})

const start = (
  handle: (text: string, attempts: number, signal: AbortSignal) => Promise<Outcome>,
  more: { concurrency?: number; onError?: (error: unknown) => void } = {}
) => {
  worker = createWorker({
    spool,
    queue: 'q',
    concurrency: 3,
    backoff,
    handle: (entry, signal) => handle(entry.payload, entry.attempts, signal),
    ...more,
  })
}

describe('a function that fails whatever it gets', () => {
  it('gets one entry now and then, and everything once it is back', async () => {
    await add(...Array.from({ length: 30 }, (_, i) => `${i}`))
    let broken = true
    let tries = 0
    let running = 0
    let most = 0
    start(async () => {
      if (worker?.circuit.state === 'half-open') most = Math.max(most, ++running)
      await sleep(1)
      running = 0
      if (!broken) return { done: true }
      tries++
      return { error: 'it is away' }
    })
    await vi.waitFor(() => expect(worker!.circuit.failures).toBeGreaterThan(8), { interval: 1 })
    expect(worker!.circuit).toMatchObject({ lastError: 'it is away' })
    expect(most).toBe(1)
    // The others were not tried.
    const untouched = spool.list('q').filter(({ attempts }) => attempts === 0).length
    expect(untouched).toBeGreaterThan(30 - tries - 1)
    expect(tries).toBeLessThan(30)
    broken = false
    await empty()
    expect(worker!.circuit).toEqual({ state: 'closed', failures: 0, retryInMs: 0 })
  })

  it('never leaves a worker that waits for nothing, however often it opens', async () => {
    await add('a')
    let tries = 0
    start(async () => (++tries < 60 ? { error: 'it is away', retryAfterMs: 0 } : { done: true }))
    await vi.waitFor(() => expect(spool.depth('q').queued).toBe(0), { timeout: 20_000, interval: 5 })
    expect(tries).toBe(60)
  })

  it('is asked again within minutes, whatever it says of years', async () => {
    await add('a', 'b', 'c', 'd', 'e', 'f')
    start(async () => ({ error: 'come back in ten years', retryAfterMs: 10 * 365 * 86_400_000 }))
    await vi.waitFor(() => expect(worker!.circuit.state).toBe('open'), { timeout: 5000, interval: 2 })
    expect(worker!.circuit.retryInMs).toBeLessThanOrEqual(5 * 60_000)
  })

  it('is not one that fails at one entry and does the others', async () => {
    await add('bad', ...Array.from({ length: 40 }, (_, i) => `${i}`))
    start(async (text, attempts) => (text === 'bad' && attempts < 7 ? { error: 'no' } : { done: true }))
    await vi.waitFor(() => expect(spool.depth('q').queued).toBeLessThan(2), { timeout: 5000, interval: 1 })
    await empty()
  })
})

describe('a worker', () => {
  it('does what is there and what comes, in order, no more than so many at a time', async () => {
    await add('a', 'b', 'c', 'd')
    const seen: string[] = []
    let running = 0
    let most = 0
    start(async (text) => {
      seen.push(text)
      most = Math.max(most, ++running)
      await sleep(5)
      running--
      return { done: true }
    })
    await add('e', 'f')
    await empty()
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(most).toBe(3)
  })

  it('tries again what failed and what threw, and buries what never will do', async () => {
    await add('fails', 'throws', 'never')
    const attempts: Record<string, number> = {}
    const mourn = (payload: string) => spool.enqueueSync({ queue: 'mourners', payload })
    start(async (text, attempt) => {
      attempts[text] = attempt
      if (text === 'never') return { dead: 'not an image', commit: () => mourn(text) }
      if (attempt === 2) return { done: true }
      if (text === 'throws') throw new Error('oops')
      return { error: 'busy' }
    })
    await empty()
    expect(attempts).toEqual({ fails: 2, throws: 2, never: 0 })
    expect(spool.deadLetters.list()).toMatchObject([{ payload: 'never', lastError: 'not an image' }])
    expect(spool.list('mourners')).toMatchObject([{ payload: 'never' }])
  })

  it('waits as long as the server asks for', async () => {
    await add('a')
    const times: number[] = []
    start(async () => {
      times.push(Date.now())
      return times.length === 1 ? { error: 'busy', retryAfterMs: 120 } : { done: true }
    })
    await empty()
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(119)
  })

  it('commits the followers with the acknowledgement; when that fails, it does the entry again', async () => {
    await add('a')
    const errors: unknown[] = []
    let calls = 0
    start(
      async () => ({
        done: true,
        commit: () => {
          spool.enqueueSync({ queue: 'next', payload: `from a, ${++calls}` })
          if (calls === 1) throw new Error('no')
        },
      }),
      { onError: (error) => errors.push(error) }
    )
    await empty()
    expect(spool.list('next').map(({ payload }) => payload)).toEqual(['from a, 2'])
    expect(errors).toMatchObject([{ message: 'no' }])
  })

  it('writes that an entry begins with the end of the one before it', async () => {
    let commits = 0
    const transaction: Database['transaction'] = (work) => {
      commits++
      return database.transaction(work)
    }
    spool = createSpool({ ...database, transaction }, 'test', z.string())
    await add(...'abcdefghij')
    commits = 0
    start(async () => ({ done: true }), { concurrency: 1 })
    await empty()
    expect(commits).toBe(11)
  })

  it('stops while its queue is parked', async () => {
    await spool.park('q')
    let calls = 0
    start(async () => {
      calls++
      return { done: true }
    })
    await add('a')
    await sleep(20)
    expect(calls).toBe(0)
    await spool.unpark('q')
    await empty()
    expect(calls).toBe(1)
  })

  it('lets handlers finish when it closes', async () => {
    await add('a', 'b')
    start(
      async () => {
        await sleep(30)
        return { done: true }
      },
      { concurrency: 1 }
    )
    await worker!.close()
    expect(spool.list('q').map(({ payload }) => payload)).toEqual(['b'])
    expect(worker!.running).toBe(0)
  })

  it('aborts handlers that take too long when it closes; their entries stay as they were', async () => {
    await add('a')
    start(async (_text, _attempts, signal) => {
      await sleep(60_000, undefined, { signal })
      return { done: true }
    })
    await worker!.close({ timeoutMs: 10 })
    expect(spool.take('q', 1)).toMatchObject([{ payload: 'a', attempts: 0 }])
  })
})

describe('an entry at which the process ended', () => {
  /** What a process leaves behind that dies while it handles these. */
  const crashAt = async (...ids: string[]) => {
    await Promise.all(ids.map((id) => spool.begin(id)))
    await database.close()
    database = await openDatabase(directory)
    spool = createSpool(database, 'test', z.string())
  }

  it('is handled again with nothing beside it, and counts an attempt', async () => {
    await add('a', 'b', 'c', 'd')
    await crashAt('q/2', 'q/3')
    const seen: [string, number, number][] = []
    let running = 0
    start(async (text, attempts) => {
      seen.push([text, attempts, running++])
      await sleep(10)
      running--
      return { done: true }
    })
    await empty()
    const beside = Object.fromEntries(seen.map(([text, attempts, others]) => [text, [attempts, others]]))
    expect(beside).toMatchObject({ a: [0, 0], b: [1, 0], c: [1, 0], d: [0, 0] })
  })

  it('is given up after eight times in a row, which its dead letter says', async () => {
    await add('a', 'b')
    for (let i = 0; i < 8; i++) await crashAt('q/1')
    const seen: string[] = []
    start(async (text) => {
      seen.push(text)
      return { done: true }
    })
    await empty()
    expect(seen).toEqual(['b'])
    expect(spool.deadLetters.list()).toMatchObject([
      {
        payload: 'a',
        attempts: 8,
        lastError: 'the process ended 8 times while this was being handled',
      },
    ])
    await worker!.close()
    await spool.deadLetters.replay('q/1')
    expect(spool.take('q', 1)).toMatchObject([{ payload: 'a', attempts: 0, crashes: 0 }])
  })

  it('is no longer suspected when an attempt has come to its end, also to a bad one: that was no entry that kills', async () => {
    await add('a')
    for (let i = 0; i < 10; i++) {
      await crashAt('q/1')
      await spool.begin('q/1')
      await spool.retry('q/1', { delayMs: 0, error: 'the cloud is away' })
    }
    expect(spool.take('q', 1)).toMatchObject([{ attempts: 20, crashes: 0 }])
  })

  it('keeps its crashes when it is given back: nobody knows how that attempt would have ended', async () => {
    await add('a')
    for (let i = 0; i < 3; i++) {
      await crashAt('q/1')
      spool.take('q', 1)
      await spool.begin('q/1')
      await spool.release('q/1')
    }
    expect(spool.take('q', 1)).toMatchObject([{ attempts: 3, crashes: 3 }])
  })

  it('waits while others go first, the longer the oftener that happened', async () => {
    await add('a', 'b', 'c')
    for (let i = 0; i < 2; i++) await crashAt('q/1')
    const seen: string[] = []
    const began = performance.now()
    start(async (text) => {
      seen.push(text)
      return { done: true }
    })
    await empty()
    expect(seen).toEqual(['b', 'c', 'a'])
    expect(performance.now() - began).toBeGreaterThan(200)
  })
})

describe('the backoff', () => {
  const exact = { initialMs: 100, maxMs: 1000, jitter: 0 }

  it('doubles up to its limit', () => {
    expect([0, 1, 2, 3, 4, 5000].map((attempts) => backoffDelay(exact, attempts))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ])
  })

  it('draws from the whole of it by default, and never comes before the server wants', () => {
    const full = { ...exact, jitter: undefined }
    expect([0, 0.5, 0.999].map((drawn) => Math.round(backoffDelay(full, 1, undefined, () => drawn)))).toEqual(
      [200, 100, 0]
    )
    expect(backoffDelay(full, 9, 5000, () => 0)).toBe(5000)
  })
})
