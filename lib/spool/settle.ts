import { dueOf, MAX_DELAY_MS } from './due.ts'
import type { SpoolParts } from './parts.ts'
import { keyOf, scheduleKey } from './records.ts'
import type { Spool } from './types.ts'

const MAX_ERROR_LENGTH = 2000

/** The ways in which an entry leaves the queue, or goes back to it. All of them run inside a transaction. */
export function createSettling<P>(parts: SpoolParts<P>): Pick<
  Spool<P>,
  'ackSync' | 'retrySync' | 'burySync'
> & {
  dropSync(queue: string, sequence: number): boolean
} {
  const { database, tables, totals, keys, lanes, due, starts, setAside, room, clock, announce, onLeave } =
    parts

  function find(id: string) {
    database.assertInTransaction()
    const [queue, sequence] = keyOf(id)
    const found = tables.entries.read([queue, sequence])
    if (found?.corrupt) setAside.setAsideSync('entries', queue, sequence)
    return found?.value && { queue, sequence, record: found.value, size: found.size }
  }

  return {
    /** To make room: false for what is being worked on. Its key is not remembered, as nothing came of it. */
    dropSync(queue, sequence) {
      if (due.isInFlight(queue, sequence)) return false
      const found = tables.entries.read([queue, sequence])
      if (!found?.value) return true
      const { value: record, size } = found
      tables.entries.removeSync([queue, sequence])
      tables.schedule.removeSync(scheduleKey(queue, sequence, record))
      lanes.leftSync(queue, record)
      starts.forgetSync(queue, sequence)
      if (record.key !== undefined) tables.keys.removeSync([queue, record.key])
      totals.changeSync(queue, { queued: -1, dropped: 1, bytes: -size })
      onLeave?.(record.payload, 'discarded')
      database.afterCommit(() => due.gone(queue, sequence))
      return true
    },

    ackSync(id) {
      const entry = find(id)
      if (!entry) return false
      const { queue, sequence, record, size } = entry
      tables.entries.removeSync([queue, sequence])
      tables.schedule.removeSync(scheduleKey(queue, sequence, record))
      lanes.leftSync(queue, record)
      room.forgetSync(sequence)
      starts.forgetSync(queue, sequence)
      if (record.key !== undefined) keys.doneSync(queue, record.key, sequence)
      totals.changeSync(queue, { queued: -1, bytes: -size })
      onLeave?.(record.payload, 'acknowledged')
      database.afterCommit(() => due.gone(queue, sequence))
      return true
    },

    retrySync(id, { delayMs, error }) {
      const entry = find(id)
      if (!entry) return false
      const { queue, sequence, record, size } = entry
      const delay = Math.min(Math.max(0, delayMs), MAX_DELAY_MS)
      const notBefore = delay === 0 ? 0 : Math.ceil(clock() + delay)
      const attempts = record.attempts + starts.crashes(queue, sequence) + 1
      const again = { ...record, attempts, notBefore, lastError: shorten(error) }
      const sizeNow = tables.entries.putSync([queue, sequence], again)
      tables.schedule.removeSync(scheduleKey(queue, sequence, record))
      tables.schedule.putSync(scheduleKey(queue, sequence, again), again.lane)
      starts.forgetSync(queue, sequence)
      totals.changeSync(queue, { bytes: sizeNow - size })
      database.afterCommit(() => {
        due.returned(queue, dueOf(sequence, again))
        announce(queue)
      })
      return true
    },

    burySync(id, { error }) {
      const entry = find(id)
      if (!entry) return false
      const { queue, sequence, record, size } = entry
      tables.entries.removeSync([queue, sequence])
      tables.schedule.removeSync(scheduleKey(queue, sequence, record))
      lanes.leftSync(queue, record)
      room.forgetSync(sequence)
      const crashes = starts.crashes(queue, sequence)
      // Who buries for the crashes alone has not tried once more.
      const last = crashes === 0 || starts.isBegun(queue, sequence) ? 1 : 0
      starts.forgetSync(queue, sequence)
      const dead = { ...record, attempts: record.attempts + crashes + last, lastError: shorten(error) }
      const sizeNow = tables.dead.putSync([queue, sequence], dead)
      totals.changeSync(queue, { queued: -1, dead: 1, bytes: sizeNow - size })
      database.afterCommit(() => due.gone(queue, sequence))
      return true
    },
  }
}

function shorten(error: string): string {
  return error.length > MAX_ERROR_LENGTH ? `${error.slice(0, MAX_ERROR_LENGTH)}…` : error
}
