import type { LabelTables } from './records.ts'

/** How many answers a person can take back, one after the other. */
const REMEMBERED = 100

/** An answer that somebody gave here. */
interface Given {
  photo: string
  at: string
}

/**
 * In which order people answered, so that they can take answers back. The `…Sync` methods are for use inside
 * `database.transaction`.
 */
export interface GivenOrder {
  addSync(by: string, given: Given): void
  /** Takes out a person's last answer that still stands. */
  takeSync(by: string, stands: (given: Given) => boolean): Given | undefined
}

export function createGivenOrder(tables: LabelTables): GivenOrder {
  const numberOf = (key: unknown) => (key as [string, number])[1]
  const ofPerson = (by: string) => ({ from: [by, 0], to: [by, Number.MAX_SAFE_INTEGER] })
  const newest = (by: string) => [...tables.given.keys({ ...ofPerson(by), reverse: true, limit: 1 })][0]

  return {
    addSync(by, given) {
      const last = newest(by)
      const number = last === undefined ? 1 : numberOf(last) + 1
      tables.given.putSync([by, number], given)
      for (const key of [...tables.given.keys({ ...ofPerson(by), limit: 2 })])
        if (numberOf(key) <= number - REMEMBERED) tables.given.removeSync(key)
    },

    takeSync(by, stands) {
      for (let key = newest(by); key !== undefined; key = newest(by)) {
        const given = tables.given.get(key)
        tables.given.removeSync(key)
        if (given && stands(given)) return given
      }
      return undefined
    },
  }
}
