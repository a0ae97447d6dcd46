import { MAX_DELAY_MS } from './due.ts'
import type { SpoolParts } from './parts.ts'
import { keyOf } from './records.ts'
import type { Spool } from './types.ts'

const MAX_ERROR_LENGTH = 2000

/** The ways in which an entry leaves the queue, or goes back to it. All of them run inside a transaction. */
export function createSettling<P>(
  parts: SpoolParts<P>
): Pick<Spool<P>, 'ackSync' | 'retrySync' | 'burySync'> {
  const { database, tables, totals, keys, due, starts, setAside, clock, announce, onLeave } = parts

  function find(id: string) {
    database.assertInTransaction()
    const [queue, sequence] = keyOf(id)
    const found = tables.entries.read([queue, sequence])
    if (found?.corrupt) setAside.setAsideSync('entries', queue, sequence)
    return found?.value && { queue, sequence, record: found.value, size: found.size }
  }

  return {
    ackSync(id) {
      const entry = find(id)
      if (!entry) return false
      const { queue, sequence, record, size } = entry
      tables.entries.removeSync([queue, sequence])
      tables.schedule.removeSync([queue, record.notBefore, sequence])
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
      tables.schedule.removeSync([queue, record.notBefore, sequence])
      tables.schedule.putSync([queue, notBefore, sequence], null)
      starts.forgetSync(queue, sequence)
      totals.changeSync(queue, { bytes: sizeNow - size })
      database.afterCommit(() => {
        due.returned(queue, { sequence, notBefore })
        announce(queue)
      })
      return true
    },

    burySync(id, { error }) {
      const entry = find(id)
      if (!entry) return false
      const { queue, sequence, record, size } = entry
      tables.entries.removeSync([queue, sequence])
      tables.schedule.removeSync([queue, record.notBefore, sequence])
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
