import type { Database } from '../database/index.ts'
import type { createDueView } from './due.ts'
import { idOf, type SpoolTables, under } from './records.ts'
import type { Starts } from './starts.ts'
import type { Totals } from './totals.ts'
import type { CorruptRecord } from './types.ts'

/** Takes records that cannot be read any more out of the way of the others, and keeps their bytes for people to see. */
export function createSetAside<P>(
  database: Database,
  tables: SpoolTables<P>,
  totals: Totals,
  due: ReturnType<typeof createDueView>,
  starts: Starts
) {
  /** What is at this key of the table, readable or not, moves over; also a schedule that points to nothing. */
  function setAsideSync(from: 'entries' | 'dead', queue: string, sequence: number) {
    const key = [queue, sequence]
    const found = tables[from].read(key)
    if (found?.value) return
    if (from === 'entries') {
      const scheduled = [...tables.schedule.keys(under(queue))].filter(
        (scheduledKey) => (scheduledKey as (string | number)[])[4] === sequence
      )
      for (const scheduledKey of scheduled) tables.schedule.removeSync(scheduledKey)
      starts.forgetSync(queue, sequence)
      database.afterCommit(() => due.gone(queue, sequence))
      if (!found && scheduled.length === 0) return
    }
    tables[from].removeSync(key)
    const bytes = Uint8Array.from(found?.corrupt ?? [])
    const size = tables.corrupt.putSync(key, { why: found?.why ?? 'the record is missing', bytes })
    const one = from === 'entries' ? { queued: found ? -1 : 0 } : { dead: -1 }
    totals.changeSync(queue, { ...one, corrupt: 1, bytes: size - (found?.size ?? 0) })
  }

  return {
    setAsideSync,

    /** In its own transaction, on the side: who stumbled over the record goes on. */
    setAside(from: 'entries' | 'dead', queue: string, sequence: number) {
      database
        .transaction(() => setAsideSync(from, queue, sequence))
        .catch(() => {
          // The disk takes nothing at the moment: stays in flight, and is found again after the next start.
        })
    },

    list(): CorruptRecord[] {
      const records: CorruptRecord[] = []
      for (const key of tables.corrupt.keys()) {
        const [queue, sequence] = key as [string, number]
        const found = tables.corrupt.read(key)
        const { why, bytes } = found?.value ?? {
          why: found?.why ?? '',
          bytes: found?.corrupt ?? new Uint8Array(),
        }
        records.push({ id: idOf(queue, sequence), why, bytes })
      }
      return records
    },
  }
}

export type SetAside = ReturnType<typeof createSetAside>
