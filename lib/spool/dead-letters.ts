import type { Key } from '../database/index.ts'
import { dueOf } from './due.ts'
import type { SpoolParts } from './parts.ts'
import { idOf, keyOf, scheduleKey, under } from './records.ts'
import type { DeadLetters, Entry } from './types.ts'

/** What a function will never accept: kept, visible, replayable. */
export function createDeadLetters<P>({
  database,
  tables,
  totals,
  keys,
  lanes,
  due,
  setAside,
  announce,
  onLeave,
}: SpoolParts<P>): DeadLetters<P> {
  function show(id: string): Entry<P> | undefined {
    const [queue, sequence] = keyOf(id)
    const found = tables.dead.read([queue, sequence])
    if (found?.corrupt) setAside.setAside('dead', queue, sequence)
    return found?.value && { id, queue, sequence, ...found.value, crashes: 0, state: 'dead' }
  }

  function replaySync(id: string): boolean {
    database.assertInTransaction()
    const [queue, sequence] = keyOf(id)
    const found = tables.dead.read([queue, sequence])
    if (!found?.value) return false
    tables.dead.removeSync([queue, sequence])
    const record = { ...found.value, attempts: 0, notBefore: 0 }
    const size = tables.entries.putSync([queue, sequence], record)
    tables.schedule.putSync(scheduleKey(queue, sequence, record), record.lane)
    lanes.backSync(queue, record)
    totals.changeSync(queue, { dead: -1, queued: 1, bytes: size - found.size })
    database.afterCommit(() => {
      due.added(queue, dueOf(sequence, record))
      announce(queue)
    })
    return true
  }

  return {
    show,

    list({ queue, limit = 100, after } = {}) {
      const range: { from?: Key; to?: Key } = queue === undefined ? {} : under(queue)
      if (after !== undefined) {
        const [afterQueue, afterSequence] = keyOf(after)
        range.from = [afterQueue, afterSequence + 1]
      }
      const letters: Entry<P>[] = []
      for (const key of tables.dead.keys(range)) {
        if (letters.length >= limit) break
        const letter = show(idOf(...(key as [string, number])))
        if (letter) letters.push(letter)
      }
      return letters
    },

    replay: (id) => database.transaction(() => replaySync(id)),
    replaySync,

    discard: (id) =>
      database.transaction(() => {
        const [queue, sequence] = keyOf(id)
        const found = tables.dead.read([queue, sequence])
        if (!found?.value) return false
        tables.dead.removeSync([queue, sequence])
        if (found.value.key !== undefined) keys.doneSync(queue, found.value.key, sequence)
        totals.changeSync(queue, { dead: -1, bytes: -found.size })
        onLeave?.(found.value.payload, 'discarded')
        return true
      }),
  }
}
