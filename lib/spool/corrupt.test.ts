import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database as LmdbStore, open } from 'lmdb'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Database, openDatabase } from '../database/index.ts'
import { createSpool, type Spool } from './index.ts'

let directory: string
let database: Database
let spool: Spool<string>

async function openSpool(payload: z.ZodType<string> = z.string()) {
  database = await openDatabase(directory)
  spool = createSpool(database, 'rot', payload)
}

/** Closes the spool, lets something happen to a table behind its back, and opens it again. */
async function behindItsBack(table: string, act: (store: LmdbStore<Buffer>) => Promise<unknown>) {
  await database.close()
  const root = open({ path: directory, overlappingSync: false, maxDbs: 64 })
  await act(root.openDB<Buffer>({ name: `rot.${table}`, encoding: 'binary' }))
  await root.close()
  await openSpool()
}
const rot = (table: string, ...keys: (string | number)[][]) =>
  behindItsBack(table, async (store) => {
    for (const key of keys) {
      const bytes = Buffer.from(store.get(key)!)
      bytes[bytes.length >> 1]! ^= 0x10
      await store.put(key, bytes)
    }
  })
const payloads = (entries: { payload: string }[]) => entries.map(({ payload }) => payload)
const settled = (corrupt: number) => vi.waitFor(() => expect(spool.depth('q').corrupt).toBe(corrupt), 5000)

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'edgeloop-rot-'))
  await openSpool()
  await spool.enqueue(['a', 'b', 'c'].map((payload) => ({ queue: 'q', key: `key-${payload}`, payload })))
})
afterEach(async () => {
  await database.close()
  await rm(directory, { recursive: true, force: true })
})

it('sets a rotten entry aside, visibly, and goes on with the others', async () => {
  await rot('entries', ['q', 1], ['q', 2])
  expect(payloads(spool.take('q', 1))).toEqual(['c'])
  await settled(2)
  expect(spool.depth('q')).toMatchObject({ queued: 1, corrupt: 2, inFlight: 1 })
  expect(spool.corrupt()).toMatchObject([
    { id: 'q/1', why: 'checksum does not match' },
    { id: 'q/2', why: 'checksum does not match' },
  ])
  expect(Buffer.from(spool.corrupt()[0]!.bytes).length).toBeGreaterThan(10)
  // The device that sends it again heals it.
  expect(await spool.enqueue({ queue: 'q', key: 'key-a', payload: 'a' })).toMatchObject({ duplicate: false })
  expect(spool.nextDue('q')).toBe(0)
})

it('sets aside what an earlier version wrote and this one does not understand', async () => {
  await database.close()
  await openSpool(z.enum(['a', 'c']) as unknown as z.ZodType<string>)
  expect(payloads(spool.take('q', 9))).toEqual(['a', 'c'])
  await settled(1)
  expect(spool.corrupt()[0]!.why).toContain('payload')
})

it('sets aside an entry that rots while it is in flight', async () => {
  await rot('entries', ['q', 1])
  expect(await spool.ack('q/1')).toBe(false)
  expect(spool.depth('q')).toMatchObject({ queued: 2, corrupt: 1 })
})

it('sets a rotten dead letter aside', async () => {
  for (const { id } of spool.take('q', 3)) await spool.bury(id, { error: 'no' })
  await rot('dead', ['q', 2])
  expect(payloads(spool.deadLetters.list())).toEqual(['a', 'c'])
  await settled(1)
  expect(spool.depth('q')).toMatchObject({ dead: 2, corrupt: 1 })
})

it('passes over a schedule that points to nothing', async () => {
  await behindItsBack('entries', (store) => store.remove(['q', 1]))
  expect(payloads(spool.take('q', 9))).toEqual(['b', 'c'])
  await settled(1)
  expect(payloads(spool.take('q', 9))).toEqual([])
})

it('counts again where the totals rot, and gives out no number twice', async () => {
  const { bytes } = spool.depth('q')
  await rot('queues', ['q'])
  expect(spool.depth('q')).toMatchObject({ queued: 3, bytes })
  await rot('numbers', ['sequence'])
  expect(await spool.enqueue({ queue: 'q', payload: 'd' })).toMatchObject({ id: 'q/4' })
  expect(spool.depth('q')).toMatchObject({ queued: 4 })
})

it('enqueues again rather than never where a key rots', async () => {
  await rot('keys', ['q', 'key-a'])
  expect(await spool.enqueue({ queue: 'q', key: 'key-a', payload: 'a' })).toMatchObject({ duplicate: false })
})
