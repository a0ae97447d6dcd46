import type { Database, Table } from '../database/index.ts'
import { idOf } from './records.ts'

/**
 * How often work on an entry was begun and never ended, because the process did. Written before the work, or an entry
 * that takes the process down with it would come back for ever with nobody counting.
 */
export function createStarts(database: Database, started: Table<number>) {
  /** Begun by this process and not ended yet: what is on disk of these counts one start that is no crash so far. */
  const begun = new Set<string>()

  function crashes(queue: string, sequence: number): number {
    const starts = started.get([queue, sequence]) ?? 0
    return starts - (begun.has(idOf(queue, sequence)) ? 1 : 0)
  }

  return {
    crashes,

    beginSync(queue: string, sequence: number) {
      const id = idOf(queue, sequence)
      if (begun.has(id)) return
      started.putSync([queue, sequence], crashes(queue, sequence) + 1)
      database.afterCommit(() => begun.add(id))
    },

    isBegun: (queue: string, sequence: number): boolean => begun.has(idOf(queue, sequence)),

    /** Given back before the work came to an end of its own: earlier crashes still count. */
    withdrawSync(queue: string, sequence: number) {
      const id = idOf(queue, sequence)
      if (!begun.has(id)) return
      const before = crashes(queue, sequence)
      if (before > 0) started.putSync([queue, sequence], before)
      else started.removeSync([queue, sequence])
      database.afterCommit(() => begun.delete(id))
    },

    /** The work came to an end, whichever, so it does not take the process down. */
    forgetSync(queue: string, sequence: number) {
      started.removeSync([queue, sequence])
      database.afterCommit(() => begun.delete(idOf(queue, sequence)))
    },
  }
}

export type Starts = ReturnType<typeof createStarts>
