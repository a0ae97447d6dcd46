import type { Database } from '../database/index.ts'
import type { createDueView } from './due.ts'
import type { createKeys } from './keys.ts'
import type { Lanes } from './lanes.ts'
import type { SpoolTables } from './records.ts'
import type { SpoolRoom } from './room.ts'
import type { SetAside } from './set-aside.ts'
import type { Starts } from './starts.ts'
import type { Totals } from './totals.ts'

/** What a spool is made of, for those of its parts that need the others. */
export interface SpoolParts<P> {
  database: Database
  tables: SpoolTables<P>
  totals: Totals
  keys: ReturnType<typeof createKeys<P>>
  due: ReturnType<typeof createDueView>
  starts: Starts
  lanes: Lanes
  room: SpoolRoom
  setAside: SetAside
  clock: () => number
  announce(queue: string): void
  onLeave?(payload: P, how: 'acknowledged' | 'discarded'): void
}
