import type { SpoolTables } from './records.ts'
import type { Totals } from './totals.ts'

/**
 * Recognises what was enqueued before. The keys of what is done are remembered by number, not by age: the last
 * `remembered` of the whole spool, because a repetition comes after a reconnection, whenever that is.
 */
export function createKeys<P>(tables: SpoolTables<P>, totals: Totals, remembered: number) {
  function forgetOldestSync(newest: number) {
    // More than one only after `remembered` was lowered; then a few with each that is done.
    for (const key of [...tables.done.keys({ limit: 4 })]) {
      if (newest - Number(key) < remembered) return
      const forgotten = tables.done.get(key)
      tables.done.removeSync(key)
      if (forgotten) tables.keys.removeSync(forgotten)
    }
  }

  return {
    /** The entry that this key stands for already: its sequence, or 'done'. */
    find(queue: string, key: string): number | 'done' | undefined {
      const known = tables.keys.get([queue, key])
      if (!known) return undefined
      if (known.done) return 'done'
      // Where the original was set aside as corrupt, the repetition takes its place.
      const place = [queue, known.sequence]
      return tables.entries.has(place) || tables.dead.has(place) ? known.sequence : undefined
    },

    rememberSync(queue: string, key: string, sequence: number) {
      tables.keys.putSync([queue, key], { sequence, done: false })
    },

    doneSync(queue: string, key: string, sequence: number) {
      const number = totals.nextSync('done')
      tables.keys.putSync([queue, key], { sequence, done: true })
      tables.done.putSync(number, [queue, key])
      forgetOldestSync(number)
    },
  }
}
