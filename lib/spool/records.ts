import { z } from 'zod'
import type { Database, Key, Table } from '../database/index.ts'
import { EdgeloopError } from '../errors/index.ts'

/** A function's name, with its namespace where it has one. */
const queueName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'not a queue name')
// LMDB's keys end at 1,978 bytes; control characters would break their order.
const entryKey = z.string().regex(/^[^\p{Cc}]{1,400}$/u, 'not a key of 1 to 400 characters')
const count = z.int().nonnegative()

const newEntry = z.object({
  queue: queueName,
  key: entryKey.optional(),
  delayMs: z.number().nonnegative().optional(),
  lane: entryKey.optional(),
  priority: z.int().min(0).max(9).optional(),
})

/** Where an entry stands among those that are due. */
const place = {
  priority: z.int().nonnegative(),
  rank: count,
  lane: z.string(),
}

/** What is on disk of an entry; its queue and sequence are in the key. */
function entryRecord<P>(payload: z.ZodType<P>) {
  return z.object({
    key: z.string().optional(),
    payload,
    attempts: count,
    notBefore: count,
    ...place,
    enqueuedAt: z.number(),
    lastError: z.string().optional(),
  })
}
export type EntryRecord<P> = z.infer<ReturnType<typeof entryRecord<P>>>

const queueRecord = z.object({
  queued: count,
  dead: count,
  corrupt: count,
  bytes: count,
  dropped: count,
  parked: z.boolean(),
})
export type QueueRecord = z.infer<typeof queueRecord>

const keyRecord = z.object({ sequence: count, done: z.boolean() })
/** `at`: when it came, by the time that this spool has been open, in milliseconds: no clock that is set can age it. */
const expendableRecord = z.object({ queue: z.string(), at: count })
const laneRecord = z.object({ rank: count, entries: count })
const corruptRecord = z.object({ why: z.string(), bytes: z.instanceof(Uint8Array) })

/** The spool's tables. Everything of a queue stands together: keys begin with its name. */
export interface SpoolTables<P> {
  /** [queue, sequence] → an entry to be done */
  entries: Table<EntryRecord<P>>
  /** [queue, notBefore, priority, rank, sequence] → the lane; the order in which they become due */
  schedule: Table<string>
  /** [queue, lane] → the rank of the last entry that came to it, and how many are in it */
  lanes: Table<z.infer<typeof laneRecord>>
  /** sequence → an entry that may be dropped */
  expendable: Table<z.infer<typeof expendableRecord>>
  /** [queue, sequence] → how often in a row work on it was begun and did not end */
  started: Table<number>
  /** [queue, sequence] → a dead letter */
  dead: Table<EntryRecord<P>>
  /** [queue, sequence] → what was there and why it is no entry */
  corrupt: Table<z.infer<typeof corruptRecord>>
  /** [queue, key] → where the entry of this key is, or that it is done */
  keys: Table<z.infer<typeof keyRecord>>
  /** number → [queue, key], in the order of being done */
  done: Table<[string, string]>
  /** queue → its totals */
  queues: Table<QueueRecord>
  /** name → the last number that was given out */
  numbers: Table<number>
}

export function openTables<P>(database: Database, name: string, payload: z.ZodType<P>): SpoolTables<P> {
  const table = <V>(part: string, schema: z.ZodType<V>) => database.table(`${name}.${part}`, schema)
  return {
    entries: table('entries', entryRecord(payload)),
    schedule: table('schedule', z.string()),
    lanes: table('lanes', laneRecord),
    expendable: table('expendable', expendableRecord),
    started: table('started', count),
    dead: table('dead', entryRecord(payload)),
    corrupt: table('corrupt', corruptRecord),
    keys: table('keys', keyRecord),
    done: table('done', z.tuple([z.string(), z.string()])),
    queues: table('queues', queueRecord),
    numbers: table('numbers', count),
  }
}

/** Checks what comes in at the spool's door. */
export function checkNewEntry(entry: unknown): void {
  const parsed = newEntry.safeParse(entry)
  if (parsed.success) return
  const issue = parsed.error.issues[0]!
  throw new EdgeloopError('INVALID_INPUT', `cannot be enqueued: ${issue.message}`, {
    where: issue.path.join('.'),
  })
}

export function idOf(queue: string, sequence: number): string {
  return `${queue}/${sequence}`
}

/** The key of the entry with this id. `INVALID_INPUT` when it is no id. */
export function keyOf(id: string): [queue: string, sequence: number] {
  const [, queue, sequence] = /^([^/]+)\/(\d{1,15})$/.exec(id) ?? []
  if (queue === undefined) {
    throw new EdgeloopError('INVALID_INPUT', `"${id}" is not an entry's id`, {
      hint: 'An id looks like classify/42.',
    })
  }
  return [queue, Number(sequence)]
}

/** Every key of a table that begins with this one part. */
export function under(queue: string): { from: Key; to: Key } {
  return { from: [queue], to: [queue, Number.POSITIVE_INFINITY] }
}

/** The key of an entry's place in the schedule. */
export function scheduleKey(
  queue: string,
  sequence: number,
  place: Pick<EntryRecord<unknown>, 'notBefore' | 'priority' | 'rank'>
): Key {
  return [queue, place.notBefore, place.priority, place.rank, sequence]
}
