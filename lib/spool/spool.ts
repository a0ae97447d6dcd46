import type { z } from 'zod'
import type { Database } from '../database/index.ts'
import { EdgeloopError } from '../errors/index.ts'
import { createDeadLetters } from './dead-letters.ts'
import { createDueView, dueOf, MAX_DELAY_MS } from './due.ts'
import { createKeys } from './keys.ts'
import { createLanes } from './lanes.ts'
import type { SpoolParts } from './parts.ts'
import { checkNewEntry, idOf, keyOf, openTables, scheduleKey, under } from './records.ts'
import { createSpoolRoom } from './room.ts'
import { createSetAside } from './set-aside.ts'
import { createSettling } from './settle.ts'
import { createStarts } from './starts.ts'
import { createTotals } from './totals.ts'
import type { Enqueued, Entry, NewEntry, Spool } from './types.ts'

export interface SpoolOptions<P> {
  /** Runs inside the transaction in which an entry comes in; a duplicate does not. */
  onEnter?(payload: P): void
  /** Runs inside the transaction in which an entry goes for good. A dead letter has not gone: it can be replayed. */
  onLeave?: SpoolParts<P>['onLeave']
  /** How many keys of done entries are remembered. Default 100,000: about 20 MB. */
  rememberedKeys?: number
  /** Milliseconds since 1970. */
  clock?: () => number
  /** What entries may take on disk together, in bytes. Default 1 GiB. */
  maxBytes?: number
  /** How long an expendable entry may wait, in milliseconds during which the spool is open. Default a week. */
  expendableMs?: number
}

const MAX_BYTES = 2 ** 30
const WEEK_MS = 7 * 24 * 60 * 60 * 1000

/**
 * Opens the spool of this name in the database. `payload` describes what entries carry: JSON, or bytes as `Uint8Array`;
 * it is checked on the way in and on the way out, so it must accept what it returns.
 */
export function createSpool<P>(
  database: Database,
  name: string,
  payload: z.ZodType<P>,
  options: SpoolOptions<P> = {}
): Spool<P> {
  const { rememberedKeys = 100_000, clock = Date.now, onEnter, onLeave } = options
  const { maxBytes = MAX_BYTES, expendableMs = WEEK_MS } = options
  const tables = openTables(database, name, payload)
  const totals = createTotals(tables)
  const due = createDueView(tables.schedule)
  const starts = createStarts(database, tables.started)
  const keys = createKeys(tables, totals, rememberedKeys)
  const lanes = createLanes(tables)
  const room = createSpoolRoom(tables, totals, { maxBytes, expendableMs }, (queue, sequence) =>
    settling.dropSync(queue, sequence)
  )
  const setAside = createSetAside(database, tables, totals, due, starts)
  const listeners = new Set<(queue: string) => void>()
  const announce = (queue: string) => {
    for (const listener of listeners) listener(queue)
  }
  const parts: SpoolParts<P> = {
    ...{ database, tables, totals, keys, due, starts, lanes, room, setAside, clock, announce },
    onLeave,
  }
  const settling = createSettling(parts)

  function check(entry: NewEntry<P>): P {
    checkNewEntry(entry)
    const parsed = payload.safeParse(entry.payload)
    if (parsed.success) return parsed.data
    const issue = parsed.error.issues[0]!
    throw new EdgeloopError('INVALID_INPUT', `cannot be enqueued: ${issue.message}`, {
      where: ['payload', ...issue.path].join('.'),
    })
  }

  function enqueueSync(entry: NewEntry<P>): Enqueued {
    database.assertInTransaction()
    const checked = check(entry)
    const { queue, key, delayMs = 0, lane, priority = 0, whenFull } = entry
    if (key !== undefined) {
      const known = keys.find(queue, key)
      if (known === 'done') return { duplicate: true }
      if (known !== undefined) return { id: idOf(queue, known), duplicate: true }
    }
    room.makeSync(whenFull)
    const sequence = totals.nextSync('sequence')
    const rank = lanes.rankSync(queue, lane)
    const enqueuedAt = clock()
    const notBefore = delayMs === 0 ? 0 : Math.ceil(enqueuedAt + Math.min(delayMs, MAX_DELAY_MS))
    const place = { notBefore, priority, rank, lane: lane ?? '' }
    const record = { ...(key !== undefined && { key }), payload: checked, attempts: 0, ...place, enqueuedAt }
    const bytes = tables.entries.putSync([queue, sequence], record)
    tables.schedule.putSync(scheduleKey(queue, sequence, place), place.lane)
    if (whenFull === 'expendable') room.noteSync(queue, sequence)
    if (key !== undefined) keys.rememberSync(queue, key, sequence)
    totals.changeSync(queue, { queued: 1, bytes })
    onEnter?.(checked)
    database.afterCommit(() => {
      due.added(queue, dueOf(sequence, place))
      announce(queue)
    })
    return { id: idOf(queue, sequence), duplicate: false }
  }

  function enqueue(entry: NewEntry<P>): Promise<Enqueued>
  function enqueue(entries: NewEntry<P>[]): Promise<Enqueued[]>
  function enqueue(entries: NewEntry<P> | NewEntry<P>[]): Promise<Enqueued | Enqueued[]> {
    return database.transaction(() =>
      Array.isArray(entries) ? entries.map(enqueueSync) : enqueueSync(entries)
    )
  }

  function beginSync(id: string): boolean {
    database.assertInTransaction()
    const [queue, sequence] = keyOf(id)
    const there = tables.entries.has([queue, sequence])
    if (there) starts.beginSync(queue, sequence)
    return there
  }

  /** Reads entries in turn, and sets aside what is none. */
  function read(queue: string, sequences: Iterable<number>, parked: boolean, limit: number): Entry<P>[] {
    const entries: Entry<P>[] = []
    for (const sequence of sequences) {
      if (entries.length >= limit) break
      const found = tables.entries.read([queue, sequence])
      const state = parked ? 'parked' : 'queued'
      if (found?.value) {
        const crashes = starts.crashes(queue, sequence)
        const attempts = found.value.attempts + crashes
        entries.push({ id: idOf(queue, sequence), queue, sequence, ...found.value, attempts, crashes, state })
      } else setAside.setAside('entries', queue, sequence)
    }
    return entries
  }

  return {
    database,
    enqueue,
    enqueueSync,

    take(queue, limit, { now = clock(), ordered = false } = {}) {
      if (totals.of(queue).parked) return []
      const taken: Entry<P>[] = []
      while (taken.length < limit) {
        const found = due.take(queue, limit - taken.length, now, ordered)
        if (found.length === 0) break
        for (const { rank } of found) lanes.taken(queue, rank)
        const sequences = found.map(({ sequence }) => sequence)
        taken.push(...read(queue, sequences, false, limit))
      }
      return taken
    },

    begin: (id) => database.transaction(() => beginSync(id)),
    beginSync,

    async release(id) {
      const [queue, sequence] = keyOf(id)
      // Where the disk refuses, it stays begun, in memory, too: taken again, it is not counted a second time.
      if (starts.isBegun(queue, sequence))
        await database.transaction(() => starts.withdrawSync(queue, sequence)).catch(() => {})
      if (due.release(queue, sequence)) announce(queue)
    },

    ackSync: settling.ackSync,
    retrySync: settling.retrySync,
    burySync: settling.burySync,
    ack: (id) => database.transaction(() => settling.ackSync(id)),
    retry: (id, why) => database.transaction(() => settling.retrySync(id, why)),
    bury: (id, why) => database.transaction(() => settling.burySync(id, why)),

    park: (queue) => database.transaction(() => totals.parkSync(queue, true)),
    unpark: (queue) =>
      database.transaction(() => {
        totals.parkSync(queue, false)
        database.afterCommit(() => announce(queue))
      }),

    deadLetters: createDeadLetters(parts),

    list(queue, { limit = 100, after } = {}) {
      const { from, to } = under(queue)
      const start = after === undefined ? from : [queue, keyOf(after)[1] + 1]
      const sequences = function* () {
        for (const key of tables.entries.keys({ from: start, to })) yield (key as [string, number])[1]
      }
      return read(queue, sequences(), totals.of(queue).parked, limit)
    },

    corrupt: () => setAside.list(),
    depth: (queue) => ({ ...totals.of(queue), inFlight: due.inFlight(queue) }),
    queues: () => [...tables.queues.keys()].map(String),
    nextDue: (queue, { now = clock(), ordered = false } = {}) =>
      totals.of(queue).parked ? undefined : due.next(queue, now, ordered),
    room: room.state,
    expire: () => database.transaction(room.expireSync),

    onEnqueue(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
