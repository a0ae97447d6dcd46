import type { Table } from '../../lib/database/index.ts'
import type { Budgets } from './records.ts'

const KEY = 'latest'
const DAY_MS = 24 * 60 * 60 * 1000

/**
 * What was spent on the day of the clock. A clock that goes back does not bring a day back that was spent: the latest day
 * goes on. It ends then when this process has seen the clock behind for a whole day, or a clock that was years ahead for a
 * moment would end all spending for years.
 *
 * @param clock milliseconds since 1970
 * @param monotonic milliseconds of a clock that nobody sets
 */
export function createBudgets(
  table: Table<Budgets>,
  clock: () => number,
  monotonic: () => number = () => performance.now()
) {
  let behindSince: number | undefined

  function get(): Budgets {
    const day = new Date(clock()).toISOString().slice(0, 10)
    const latest = table.get(KEY)
    const behind = latest !== undefined && day < latest.day
    behindSince = behind ? (behindSince ?? monotonic()) : undefined
    const goesOn = behindSince !== undefined && monotonic() - behindSince < DAY_MS
    if (latest && (day === latest.day || goesOn)) return latest
    return { day, bytesUploaded: 0, labelsAsked: 0 }
  }

  return {
    get,

    /** Inside a transaction. */
    spendSync({ bytesUploaded = 0, labelsAsked = 0 }: Partial<Omit<Budgets, 'day'>>) {
      const before = get()
      table.putSync(KEY, {
        day: before.day,
        // Less went up than was booked, and that maybe on the day before.
        bytesUploaded: Math.max(0, before.bytesUploaded + bytesUploaded),
        labelsAsked: before.labelsAsked + labelsAsked,
      })
    },
  }
}
