import { EdgeloopError } from '../errors/index.ts'
import type { SpoolTables } from './records.ts'
import type { Totals } from './totals.ts'
import type { NewEntry, Room } from './types.ts'

/** From this share of the bound on, somebody should be told. */
const HIGH = 0.8

const SLICE = 64

export interface RoomOptions {
  /** What entries may take on disk together, without overhead. */
  maxBytes: number
  /** How long an expendable entry may wait, in milliseconds during which the spool is open. */
  expendableMs: number
}

/**
 * Bounds what waits: new work is refused beyond the bound, or takes the place of the oldest that nobody would miss. What
 * follows from work that was taken is always let in, or nothing would ever come to its end.
 *
 * @param drop takes an entry out of its queue, inside the transaction; false where it is being worked on
 */
export function createSpoolRoom(
  tables: Pick<SpoolTables<unknown>, 'expendable' | 'numbers'>,
  totals: Totals,
  { maxBytes, expendableMs }: RoomOptions,
  drop: (queue: string, sequence: number) => boolean
) {
  const opened = performance.now() - (tables.numbers.get('age') ?? 0)
  const age = () => Math.round(performance.now() - opened)

  /** The oldest first, until `enough` says so. */
  function dropSync(enough: (at: number) => boolean): number {
    let dropped = 0
    let from = 0
    for (;;) {
      // A few at a time: there may be hundreds of thousands, of which the first ones are enough.
      const sequences = [...tables.expendable.keys({ from, limit: SLICE })].map(Number)
      for (const sequence of sequences) {
        const entry = tables.expendable.get(sequence)
        if (entry && enough(entry.at)) return dropped
        from = sequence + 1
        if (entry && !drop(entry.queue, sequence)) continue
        tables.expendable.removeSync(sequence)
        dropped++
      }
      if (sequences.length < SLICE) return dropped
    }
  }

  return {
    /**
     * Inside a transaction, before an entry comes in.
     * @throws EdgeloopError OVERLOADED where it is to be refused
     */
    makeSync(whenFull: NewEntry<unknown>['whenFull']): void {
      if (totals.bytes() < maxBytes) return
      dropSync(() => totals.bytes() < maxBytes)
      if (whenFull !== 'refuse' || totals.bytes() < maxBytes) return
      throw new EdgeloopError('OVERLOADED', `what waits takes ${maxBytes} bytes, which is all that it may`, {
        where: 'spool',
        hint: 'send it again when some of it is done',
      })
    },

    /** Inside a transaction. */
    noteSync(queue: string, sequence: number): void {
      const at = age()
      tables.expendable.putSync(sequence, { queue, at })
      tables.numbers.putSync('age', at)
    },

    forgetSync(sequence: number): void {
      tables.expendable.removeSync(sequence)
    },

    /** Inside a transaction: what has waited for too long. */
    expireSync(): number {
      const now = age()
      tables.numbers.putSync('age', now)
      return dropSync((at) => now - at <= expendableMs)
    },

    state(): Room {
      const bytes = totals.bytes()
      const state = bytes >= maxBytes ? 'full' : bytes >= HIGH * maxBytes ? 'high' : 'ok'
      return { bytes, maxBytes, state }
    },
  }
}

export type SpoolRoom = ReturnType<typeof createSpoolRoom>
