import type { Table } from '../database/index.ts'
import { type QueueRecord, type SpoolTables, under } from './records.ts'

/** The totals of each queue and the numbers given out. Both can be found again by counting, should they rot. */
export function createTotals<P>(tables: SpoolTables<P>) {
  function countAgain(queue: string): QueueRecord {
    const totals = { queued: 0, dead: 0, corrupt: 0, bytes: 0, dropped: 0, parked: false }
    const count = (table: Table<unknown>, what: 'queued' | 'dead' | 'corrupt') => {
      for (const key of table.keys(under(queue))) {
        totals[what]++
        totals.bytes += table.read(key)?.size ?? 0
      }
    }
    count(tables.entries, 'queued')
    count(tables.dead, 'dead')
    count(tables.corrupt, 'corrupt')
    return totals
  }

  function greatest(name: 'sequence' | 'done'): number {
    if (name === 'done') return Number([...tables.done.keys({ reverse: true, limit: 1 })][0] ?? 0)
    let last = 0
    for (const table of [tables.entries, tables.dead, tables.corrupt]) {
      for (const key of table.keys()) last = Math.max(last, (key as [string, number])[1])
    }
    return last
  }

  return {
    of: (queue: string): QueueRecord => tables.queues.get(queue) ?? countAgain(queue),

    /** What all queues take. */
    bytes(): number {
      let sum = 0
      for (const queue of tables.queues.keys())
        sum += (tables.queues.get(queue) ?? countAgain(String(queue))).bytes
      return sum
    },

    /** Inside a transaction, and after the change itself: counting again would see it, too. */
    changeSync(queue: string, change: Partial<Omit<QueueRecord, 'parked'>>) {
      const before = tables.queues.read(queue)
      if (before?.corrupt) return tables.queues.putSync(queue, countAgain(queue))
      const totals = before?.value ?? { queued: 0, dead: 0, corrupt: 0, bytes: 0, dropped: 0, parked: false }
      for (const [what, by] of Object.entries(change)) {
        const name = what as keyof typeof change
        totals[name] = Math.max(0, totals[name] + by)
      }
      return tables.queues.putSync(queue, totals)
    },

    parkSync(queue: string, parked: boolean) {
      const totals = tables.queues.get(queue) ?? countAgain(queue)
      tables.queues.putSync(queue, { ...totals, parked })
    },

    /** The next number of a kind: greater than every one before, also across restarts. */
    nextSync(name: 'sequence' | 'done'): number {
      const next = (tables.numbers.get(name) ?? greatest(name)) + 1
      tables.numbers.putSync(name, next)
      return next
    },
  }
}

export type Totals = ReturnType<typeof createTotals>
