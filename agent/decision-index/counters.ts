import type { Counters, DecisionRecord, IndexTables } from './records.ts'

const KEY = 'totals'
const NONE: Counters = {
  captured: 0,
  accepted: 0,
  review: 0,
  rejected: 0,
  deadLettered: 0,
  uploaded: 0,
  bytesCaptured: 0,
  bytesUploaded: 0,
}

/** The counter that an outcome counts in. */
export const counterOf = (outcome: DecisionRecord['outcome']) =>
  outcome === 'dead' ? 'deadLettered' : outcome

/** Totals that change with what they count, in the same transaction. */
export function createCounters(tables: IndexTables) {
  function countAgain(): Counters {
    const totals = { ...NONE }
    for (const photo of tables.captured.keys()) {
      totals.captured++
      totals.bytesCaptured += tables.captured.get(photo) ?? 0
    }
    for (const photo of tables.decisions.keys()) {
      const decision = tables.decisions.get(photo)
      if (!decision) continue
      totals[counterOf(decision.outcome)]++
      if (decision.uploaded) totals.uploaded++
      totals.bytesUploaded += decision.bytesUploaded
    }
    return totals
  }

  return {
    get(): Counters {
      const found = tables.counters.read(KEY)
      return found?.corrupt ? countAgain() : (found?.value ?? { ...NONE })
    },

    /** After the change itself, because counting again would see it, too. */
    changeSync(change: Partial<Counters>) {
      const found = tables.counters.read(KEY)
      if (found?.corrupt) return tables.counters.putSync(KEY, countAgain())
      const totals = { ...(found?.value ?? NONE) }
      for (const [name, by] of Object.entries(change)) totals[name as keyof Counters] += by
      return tables.counters.putSync(KEY, totals)
    },

    /** Where a record was lost, and with it what it had counted as. */
    recountSync() {
      tables.counters.putSync(KEY, countAgain())
    },
  }
}
