import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { openDatabase } from '../database/index.ts'
import { createSpool, type Spool } from './index.ts'

const CHILD = fileURLToPath(new URL('crash-child.ts', import.meta.url))
const ROUNDS = Number(process.env.EDGELOOP_CRASH_ROUNDS ?? 6)
let directory: string
/** What the children said, by word. */
let said: Record<string, Set<string>>

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'edgeloop-crash-'))
  said = {}
  for (const word of ['ready', 'enqueue', 'enqueued', 'ack', 'acked', 'buried']) said[word] = new Set()
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function runAndKill(round: number, afterMs: number) {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, directory, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const read = (async () => {
    for await (const line of lines) {
      const [word, key] = line.split(' ')
      // A line that the kill cut off in the middle was not said.
      if (word === 'ready') setTimeout(() => child.kill('SIGKILL'), afterMs)
      if (key !== undefined) said[word!]?.add(key)
    }
  })()
  const [, signal] = await once(child, 'close')
  await read
  expect(signal).toBe('SIGKILL')
  await sleep(1)
}

function everything(spool: Spool<string>, queue: string) {
  const keys = (entries: { key?: string }[]) => entries.map(({ key }) => key!)
  const limit = Number.POSITIVE_INFINITY
  return {
    queued: keys(spool.list(queue, { limit })),
    dead: keys(spool.deadLetters.list({ queue, limit })),
  }
}

it('loses nothing that was confirmed and repeats nothing that was acknowledged, however often it is killed', async () => {
  for (let round = 0; round < ROUNDS; round++) await runAndKill(round, 20 + Math.random() * 250)

  const database = await openDatabase(directory)
  const spool = createSpool(database, 'crash', z.string())
  const first = everything(spool, 'first')
  const second = everything(spool, 'second')
  const queued = new Set(first.queued)
  const dead = new Set(first.dead)
  const followed = new Set(second.queued)
  const all = [...queued, ...dead, ...followed]

  expect(said.acked!.size).toBeGreaterThan(ROUNDS)
  expect(
    [...said.enqueued!].filter((key) => !queued.has(key) && !dead.has(key) && !followed.has(key))
  ).toEqual([])
  expect([...said.acked!].filter((key) => queued.has(key) || !followed.has(key))).toEqual([])
  expect([...said.buried!].filter((key) => !dead.has(key))).toEqual([])
  // Every entry is in exactly one place, and none that nobody asked for.
  expect(new Set(all).size).toBe(first.queued.length + first.dead.length + second.queued.length)
  expect(all.filter((key) => !said.enqueue!.has(key))).toEqual([])
  expect([...followed].filter((key) => !said.ack!.has(key))).toEqual([])
  // The totals agree with what is there.
  expect(spool.depth('first')).toMatchObject({
    queued: queued.size,
    dead: dead.size,
    corrupt: 0,
    inFlight: 0,
  })
  expect(spool.depth('second')).toMatchObject({ queued: followed.size, dead: 0 })
  // What was taken when the process died is due again.
  expect(spool.take('first', Number.POSITIVE_INFINITY, { now: Date.now() + 60_000 })).toHaveLength(
    queued.size
  )
  await database.close()
}, 120_000)
