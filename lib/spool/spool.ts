import type { z } from 'zod'
import type { Database } from '../database/index.ts'
import { EdgeloopError } from '../errors/index.ts'
import { createDeadLetters } from './dead-letters.ts'
import { createDueView, MAX_DELAY_MS } from './due.ts'
import { createKeys } from './keys.ts'
import type { SpoolParts } from './parts.ts'
import { checkNewEntry, idOf, keyOf, openTables, under } from './records.ts'
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
}

/**
 * Opens the spool of this name in the database. `payload` describes what entries carry: JSON, or bytes as `Uint8Array`;
 * it is checked on the way in and on the way out, so it must accept what it returns.
 */
export function createSpool<P>(
  database: Database,
  name: string,
  payload: z.ZodType<P>,
  { rememberedKeys = 100_000, clock = Date.now, onEnter, onLeave }: SpoolOptions<P> = {}
): Spool<P> {
  const tables = openTables(database, name, payload)
  const totals = createTotals(tables)
  const due = createDueView(tables.schedule)
  const starts = createStarts(database, tables.started)
  const keys = createKeys(tables, totals, rememberedKeys)
  const setAside = createSetAside(database, tables, totals, due, starts)
  const listeners = new Set<(queue: string) => void>()
  const announce = (queue: string) => {
    for (const listener of listeners) listener(queue)
  }
  const parts: SpoolParts<P> = {
    ...{ database, tables, totals, keys, due, starts, setAside, clock, announce },
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
    const { queue, key, delayMs = 0 } = entry
    if (key !== undefined) {
      const known = keys.find(queue, key)
      if (known === 'done') return { duplicate: true }
      if (known !== undefined) return { id: idOf(queue, known), duplicate: true }
    }
    const sequence = totals.nextSync('sequence')
    const enqueuedAt = clock()
    const notBefore = delayMs === 0 ? 0 : Math.ceil(enqueuedAt + Math.min(delayMs, MAX_DELAY_MS))
    const record = { ...(key !== undefined && { key }), payload: checked, attempts: 0, notBefore, enqueuedAt }
    const bytes = tables.entries.putSync([queue, sequence], record)
    tables.schedule.putSync([queue, notBefore, sequence], null)
    if (key !== undefined) keys.rememberSync(queue, key, sequence)
    totals.changeSync(queue, { queued: 1, bytes })
    onEnter?.(checked)
    database.afterCommit(() => {
      due.added(queue, { sequence, notBefore })
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

    take(queue, limit, now = clock()) {
      if (totals.of(queue).parked) return []
      const taken: Entry<P>[] = []
      while (taken.length < limit) {
        const sequences = due.take(queue, limit - taken.length, now).map(({ sequence }) => sequence)
        if (sequences.length === 0) break
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

    ...settling,
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
    nextDue: (queue, now = clock()) => (totals.of(queue).parked ? undefined : due.next(queue, now)),

    onEnqueue(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
