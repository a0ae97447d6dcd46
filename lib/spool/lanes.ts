import type { EntryRecord, SpoolTables } from './records.ts'

/**
 * Ranks entries so that lanes take turns: a lane's entries follow each other by one, and the first entry of a lane that had
 * none ranks with what is being taken now, whatever others have piled up. Start-time fair queueing, with every entry of the
 * same size: Goyal, Vin and Cheng, "Start-time Fair Queueing", SIGCOMM 1996.
 */
export function createLanes({ lanes, schedule }: Pick<SpoolTables<unknown>, 'lanes' | 'schedule'>) {
  /** The greatest rank that was taken, by queue. */
  const passed = new Map<string, number>()

  /** After a restart, as far as the first entry that is due: whatever came before it has been taken. */
  function passedOf(queue: string): number {
    const known = passed.get(queue)
    if (known !== undefined) return known
    for (const key of schedule.keys({ from: [queue, 0], to: [queue, 1], limit: 1 }))
      return (key as number[])[3]!
    return 0
  }

  return {
    /** Inside a transaction: the rank of what comes to a lane. What has no lane is ordered by its sequence alone. */
    rankSync(queue: string, lane: string | undefined): number {
      if (lane === undefined) return 0
      const rank = Math.max((lanes.get([queue, lane]) ?? 0) + 1, passedOf(queue))
      lanes.putSync([queue, lane], rank)
      return rank
    },

    taken(queue: string, rank: number): void {
      passed.set(queue, Math.max(passedOf(queue), rank))
    },

    /** Inside a transaction: an entry is gone; a lane without entries is forgotten. */
    leftSync(queue: string, { lane, rank }: Pick<EntryRecord<unknown>, 'lane' | 'rank'>): void {
      if (lane !== '' && lanes.get([queue, lane]) === rank) lanes.removeSync([queue, lane])
    },
  }
}

export type Lanes = ReturnType<typeof createLanes>
