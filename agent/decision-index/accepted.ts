import type { Table } from '../../lib/database/index.ts'

/** Versions that are remembered: a model that goes back to an earlier one goes on where that was. */
const REMEMBERED = 5

/** What an edge has accepted while a version served: photos by label. */
export type Accepted = Record<string, number>

/** Counts accepted photos by label, for each version of the model. */
export function createAccepted(table: Table<Accepted>) {
  const get = (version: number): Accepted => table.get(version) ?? {}
  return {
    /** Under the version. */
    get,

    /** Inside a transaction. */
    addSync(version: number, label: string) {
      const counts = get(version)
      table.putSync(version, { ...counts, [label]: (counts[label] ?? 0) + 1 })
      const versions = [...table.keys({ reverse: true })]
      for (const old of versions.slice(REMEMBERED)) table.removeSync(old)
    },
  }
}
