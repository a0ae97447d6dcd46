import type { Table } from '../../lib/database/index.ts'

const KEY = 'serving'

/** What an edge has accepted since a version serves. */
export interface Accepted {
  version: number
  /** Photos by label. */
  counts: Record<string, number>
}

/** Counts accepted photos by label, beginning anew with each version of the model. */
export function createAccepted(table: Table<Accepted>) {
  return {
    /** Under the version; nothing where another one was counted last. */
    get(version: number): Record<string, number> {
      const found = table.get(KEY)
      return found?.version === version ? found.counts : {}
    },

    /** Inside a transaction. A decision of an older version, which waited for long, counts no more. */
    addSync(version: number, label: string) {
      const found = table.get(KEY)
      if (found && found.version > version) return
      const counts = found?.version === version ? found.counts : {}
      table.putSync(KEY, { version, counts: { ...counts, [label]: (counts[label] ?? 0) + 1 } })
    },
  }
}
