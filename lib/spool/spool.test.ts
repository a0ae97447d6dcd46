import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Database, openDatabase } from '../database/index.ts'
import { createSpool, type Spool } from './index.ts'

const payload = z.object({ text: z.string(), bytes: z.instanceof(Uint8Array).optional() })
type Payload = z.infer<typeof payload>

let directory: string
let database: Database
let spool: Spool<Payload>
let now = 1_000_000
const open = async (rememberedKeys = 100, more: { maxBytes?: number; expendableMs?: number } = {}) => {
  database = await openDatabase(directory)
  spool = createSpool(database, 'test', payload, { clock: () => now, rememberedKeys, ...more })
}
const reopen = async (rememberedKeys?: number) => {
  await database.close()
  await open(rememberedKeys)
}
const texts = (entries: { payload: Payload }[]) => entries.map((entry) => entry.payload.text)
const add = (text: string, more: { key?: string; delayMs?: number; queue?: string } = {}) =>
  spool.enqueue({ queue: 'q', payload: { text }, ...more })

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'edgeloop-spool-'))
  await open()
})
afterEach(async () => {
  await database.close()
  await rm(directory, { recursive: true, force: true })
})

describe('taking', () => {
  it('gives what was enqueued, in order, once, with its payload', async () => {
    await spool.enqueue({ queue: 'q', key: 'k', payload: { text: 'a', bytes: Uint8Array.of(1, 255) } })
    await spool.enqueue([
      { queue: 'q', payload: { text: 'b' } },
      { queue: 'other', payload: { text: 'x' } },
      { queue: 'q', payload: { text: 'c' } },
    ])
    const [a, b] = spool.take('q', 2)
    expect(a).toMatchObject({ id: 'q/1', key: 'k', sequence: 1, attempts: 0, state: 'queued' })
    expect([...a!.payload.bytes!]).toEqual([1, 255])
    expect(b!.payload).toEqual({ text: 'b' })
    expect(texts(spool.take('q', 9))).toEqual(['c'])
    expect(spool.take('q', 9)).toEqual([])
    expect(texts(spool.list('q'))).toEqual(['a', 'b', 'c'])
    expect(texts(spool.list('q', { limit: 1, after: 'q/1' }))).toEqual(['b'])
    expect(spool.queues()).toEqual(['other', 'q'])
  })

  it('gives again after a restart what was in flight, and never what was acknowledged', async () => {
    await add('a')
    await add('b')
    const [a] = spool.take('q', 2)
    expect(await spool.ack(a!.id)).toBe(true)
    expect(await spool.ack(a!.id)).toBe(false)
    await reopen()
    expect(texts(spool.take('q', 9))).toEqual(['b'])
    await add('c')
    expect(spool.take('q', 9)[0]!.sequence).toBe(3)
  })

  it('gives back what was released, in its old place', async () => {
    await add('a')
    await add('b')
    const [a] = spool.take('q', 2)
    await spool.release(a!.id)
    await add('c')
    expect(texts(spool.take('q', 9))).toEqual(['a', 'c'])
  })
})

describe('retrying', () => {
  it('waits for its time and then goes before what came later', async () => {
    await add('a')
    await add('b')
    await spool.retry(spool.take('q', 1)[0]!.id, { delayMs: 100, error: 'busy' })
    expect(spool.nextDue('q')).toBe(0)
    spool.take('q', 1)
    expect(spool.nextDue('q')).toBe(now + 100)
    await add('c')
    now += 100
    const entries = spool.take('q', 9)
    expect(texts(entries)).toEqual(['a', 'c'])
    expect(entries[0]).toMatchObject({ attempts: 1, lastError: 'busy' })
    expect(spool.nextDue('q')).toBeUndefined()
  })

  it('survives clocks that jump, either way', async () => {
    await add('a', { delayMs: 1000 })
    await add('b', { delayMs: 5000 })
    now += 2000
    expect(spool.nextDue('q')).toBe(0)
    now -= 1500
    expect(spool.take('q', 9)).toEqual([])
    // A year back: everything was scheduled by a clock that was wrong.
    now -= 365 * 24 * 3600 * 1000
    expect(texts(spool.take('q', 9))).toEqual(['a', 'b'])
    now += 365 * 24 * 3600 * 1000
  })
})

describe('keys', () => {
  it('are enqueued once, while queued, when dead and when done, also after a restart', async () => {
    expect(await add('a', { key: 'k' })).toEqual({ id: 'q/1', duplicate: false })
    expect(await add('a', { key: 'k' })).toEqual({ id: 'q/1', duplicate: true })
    expect(await add('a', { key: 'k', queue: 'other' })).toMatchObject({ duplicate: false })
    await spool.bury(spool.take('q', 1)[0]!.id, { error: 'no' })
    await reopen()
    expect(await add('a', { key: 'k' })).toEqual({ id: 'q/1', duplicate: true })
    await spool.deadLetters.replay('q/1')
    await spool.ack(spool.take('q', 1)[0]!.id)
    await reopen()
    expect(await add('a', { key: 'k' })).toEqual({ duplicate: true })
    expect(spool.depth('q').queued).toBe(0)
  })

  it('are enqueued once within one batch', async () => {
    const entry = { queue: 'q', key: 'k', payload: { text: 'a' } }
    expect((await spool.enqueue([entry, entry])).map(({ duplicate }) => duplicate)).toEqual([false, true])
  })

  it('are forgotten when as many others are done as are remembered', async () => {
    await reopen(2)
    for (const key of ['1', '2', '3']) {
      await add(key, { key })
      await spool.ack(spool.take('q', 1)[0]!.id)
    }
    expect((await add('3', { key: '3' })).duplicate).toBe(true)
    expect((await add('2', { key: '2' })).duplicate).toBe(true)
    expect((await add('1', { key: '1' })).duplicate).toBe(false)
  })
})

describe('dead letters', () => {
  it('are kept, listed, shown, replayed and discarded', async () => {
    for (const text of ['a', 'b', 'c']) await add(text, { key: text })
    await add('x', { queue: 'p' })
    for (const { id } of [...spool.take('q', 3), ...spool.take('p', 1)])
      await spool.bury(id, { error: 'bad' })
    await reopen()
    expect(texts(spool.deadLetters.list())).toEqual(['x', 'a', 'b', 'c'])
    expect(texts(spool.deadLetters.list({ queue: 'q', limit: 1, after: 'q/1' }))).toEqual(['b'])
    expect(spool.deadLetters.show('q/2')).toMatchObject({ state: 'dead', lastError: 'bad', attempts: 1 })
    expect(spool.depth('q')).toMatchObject({ queued: 0, dead: 3 })
    expect(await spool.deadLetters.replay('q/2')).toBe(true)
    expect(await spool.deadLetters.replay('q/2')).toBe(false)
    expect(spool.take('q', 9)).toMatchObject([{ id: 'q/2', attempts: 0 }])
    expect(await spool.deadLetters.discard('q/3')).toBe(true)
    expect((await add('c', { key: 'c' })).duplicate).toBe(true)
    expect(spool.depth('q')).toMatchObject({ queued: 1, dead: 1 })
  })
})

describe('parking', () => {
  it('holds a queue back across restarts, while it goes on filling', async () => {
    await add('a')
    await spool.park('q')
    await add('b')
    await reopen()
    expect(spool.take('q', 9)).toEqual([])
    expect(spool.nextDue('q')).toBeUndefined()
    expect(spool.depth('q')).toMatchObject({ queued: 2, parked: true })
    expect(spool.list('q')[0]!.state).toBe('parked')
    const told: string[] = []
    const stop = spool.onEnqueue((queue) => told.push(queue))
    await spool.unpark('q')
    stop()
    expect(told).toEqual(['q'])
    expect(texts(spool.take('q', 9))).toEqual(['a', 'b'])
  })
})

describe('lanes', () => {
  const from = (lane: string, ...names: string[]) =>
    spool.enqueue(names.map((text) => ({ queue: 'q', lane, payload: { text } })))
  const takeAll = (options?: { ordered?: boolean }) => texts(spool.take('q', 99, options))

  it('take turns, however much one of them has piled up', async () => {
    await from('loud', ...Array.from({ length: 20 }, (_, i) => `l${i}`))
    expect(texts(spool.take('q', 2))).toEqual(['l0', 'l1'])
    await from('soft', 's0', 's1', 's2')
    await from('late', 'x')
    const next = texts(spool.take('q', 99))
    // Each of the others comes at once, and no two of one lane before one of another.
    expect(next.slice(0, 3).sort()).toEqual(['l2', 's0', 'x'])
    expect(next.indexOf('s2')).toBeLessThan(8)
    expect(next.filter((text) => text.startsWith('l'))).toHaveLength(18)
  })

  it('take turns again after a restart, and keep their own order', async () => {
    await from('loud', 'l0', 'l1', 'l2', 'l3')
    for (const { id } of spool.take('q', 2)) await spool.ack(id)
    await reopen()
    await from('soft', 's0')
    await from('loud', 'l4')
    const taken = takeAll()
    expect(taken.filter((text) => text.startsWith('l'))).toEqual(['l2', 'l3', 'l4'])
    expect(taken.indexOf('s0')).toBeLessThan(2)
  })

  it('are gone through by priority first', async () => {
    await spool.enqueue({ queue: 'q', lane: 'a', priority: 1, payload: { text: 'later' } })
    await spool.enqueue({ queue: 'q', lane: 'a', priority: 0, payload: { text: 'first' } })
    await spool.enqueue({ queue: 'q', lane: 'b', priority: 2, payload: { text: 'last' } })
    expect(takeAll()).toEqual(['first', 'later', 'last'])
  })

  it('in order, wait for their own entries and not for those of others', async () => {
    await from('a', 'a0', 'a1')
    await from('b', 'b0')
    const [a0, b0] = spool.take('q', 99, { ordered: true })
    expect(texts([a0!, b0!]).sort()).toEqual(['a0', 'b0'])
    expect(takeAll({ ordered: true })).toEqual([])
    expect(spool.nextDue('q', { ordered: true })).toBeUndefined()
    await spool.retry(a0!.id, { delayMs: 100, error: 'not now' })
    expect(takeAll({ ordered: true })).toEqual([])
    now += 100
    expect(takeAll({ ordered: true })).toEqual(['a0'])
    await spool.ack(a0!.id)
    expect(takeAll({ ordered: true })).toEqual(['a1'])
  })
})

describe('room', () => {
  const bytes = new Uint8Array(1000)
  const put = (text: string, whenFull: 'keep' | 'refuse' | 'expendable') =>
    spool.enqueue({ queue: 'q', payload: { text, bytes }, whenFull })
  const waiting = () => texts(spool.list('q'))

  it('is made by the oldest that are expendable, and refused to what may come again', async () => {
    await database.close()
    await open(100, { maxBytes: 5000 })
    for (const text of ['t1', 't2', 't3']) await put(text, 'expendable')
    await put('a', 'refuse')
    expect(spool.room()).toMatchObject({ maxBytes: 5000, state: 'high' })
    await put('b', 'refuse')
    expect(spool.room().state).toBe('full')
    await put('c', 'refuse')
    expect(waiting()).toEqual(['t2', 't3', 'a', 'b', 'c'])
    await put('d', 'refuse')
    await put('e', 'refuse')
    expect(waiting()).toEqual(['a', 'b', 'c', 'd', 'e'])
    await expect(put('f', 'refuse')).rejects.toMatchObject({ code: 'OVERLOADED', where: 'spool' })
    // What follows from work that was taken comes in all the same.
    await put('g', 'keep')
    expect(waiting()).toEqual(['a', 'b', 'c', 'd', 'e', 'g'])
    expect(spool.depth('q')).toMatchObject({ queued: 6, dropped: 3 })
  })

  it('is not made by what is being worked on', async () => {
    await database.close()
    await open(100, { maxBytes: 2000 })
    await put('t', 'expendable')
    await put('a', 'refuse')
    spool.take('q', 1)
    await expect(put('b', 'refuse')).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(waiting()).toEqual(['t', 'a'])
  })

  it('is left by what has waited too long, whatever the clock says', async () => {
    await database.close()
    await open(100, { expendableMs: 60 })
    await put('t', 'expendable')
    await put('a', 'keep')
    now += 1_000_000_000
    expect(await spool.expire()).toBe(0)
    await vi.waitFor(async () => expect(await spool.expire()).toBe(1), { timeout: 5000, interval: 20 })
    expect(waiting()).toEqual(['a'])
    expect(spool.depth('q').dropped).toBe(1)
  })
})

describe('depth', () => {
  it('counts entries and bytes down to nothing', async () => {
    await add('a'.repeat(1000))
    await add('b')
    expect(spool.depth('q').bytes).toBeGreaterThan(1000)
    const [a, b] = spool.take('q', 9)
    expect(spool.depth('q').inFlight).toBe(2)
    await spool.ack(a!.id)
    await spool.retry(b!.id, { delayMs: 0, error: 'a longer record now' })
    await spool.bury(spool.take('q', 1)[0]!.id, { error: 'no' })
    await spool.deadLetters.discard(b!.id)
    expect(spool.depth('q')).toEqual({
      queued: 0,
      inFlight: 0,
      dropped: 0,
      dead: 0,
      corrupt: 0,
      bytes: 0,
      parked: false,
    })
  })
})

describe('one transaction', () => {
  it('acknowledges and enqueues the followers together, or does neither', async () => {
    await add('a')
    const { id } = spool.take('q', 1)[0]!
    const step = (fails: boolean) =>
      database.transaction(() => {
        spool.ackSync(id)
        spool.enqueueSync({ queue: 'next', payload: { text: 'from a' } })
        if (fails) throw new Error('no')
      })
    await expect(step(true)).rejects.toThrow('no')
    expect([spool.depth('q').queued, spool.depth('next').queued]).toEqual([1, 0])
    await step(false)
    expect([spool.depth('q').queued, spool.depth('next').queued]).toEqual([0, 1])
    expect(spool.depth('q').inFlight).toBe(0)
  })
})

describe('the door', () => {
  it('refuses what does not fit, and the whole batch with it', async () => {
    const good = { queue: 'q', payload: { text: 'a' } }
    await expect(spool.enqueue([good, { queue: 'a/b', payload: { text: '' } }])).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      where: 'queue',
    })
    const wrong = { queue: 'q', payload: { text: 1 } } as unknown as typeof good
    await expect(spool.enqueue(wrong)).rejects.toMatchObject({ where: 'payload.text' })
    await expect(spool.enqueue({ ...good, key: 'a\0b' })).rejects.toMatchObject({ where: 'key' })
    await expect(spool.ack('nonsense')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(spool.depth('q').queued).toBe(0)
  })
})

it('says inside the transaction what came in and what went for good', async () => {
  const heard: string[] = []
  const watched = createSpool(database, 'watched', z.string(), {
    onEnter: (payload) => heard.push(`+${payload}`),
    onLeave: (payload, how) => heard.push(`-${payload} ${how}`),
  })
  const first = await watched.enqueue({ queue: 'a', key: 'k', payload: 'first' })
  await watched.enqueue({ queue: 'a', key: 'k', payload: 'first' })
  const second = await watched.enqueue({ queue: 'a', payload: 'second' })
  await watched.retry(first.id!, { delayMs: 0, error: 'later' })
  await watched.bury(second.id!, { error: 'never' })
  await watched.deadLetters.replay(second.id!)
  await watched.bury(second.id!, { error: 'never' })
  expect(heard).toEqual(['+first', '+second'])
  await watched.ack(first.id!)
  await watched.ack(first.id!)
  await watched.deadLetters.discard(second.id!)
  expect(heard.slice(2)).toEqual(['-first acknowledged', '-second discarded'])
})
