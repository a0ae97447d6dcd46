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
      const before = lanes.get([queue, lane])
      const rank = Math.max((before?.rank ?? 0) + 1, passedOf(queue))
      lanes.putSync([queue, lane], { rank, entries: (before?.entries ?? 0) + 1 })
      return rank
    },

    taken(queue: string, rank: number): void {
      passed.set(queue, Math.max(passedOf(queue), rank))
    },

    /** Inside a transaction: an entry is gone; a lane without entries is forgotten. */
    leftSync(queue: string, { lane }: Pick<EntryRecord<unknown>, 'lane'>): void {
      const before = lane === '' ? undefined : lanes.get([queue, lane])
      if (!before) return
      if (before.entries <= 1) lanes.removeSync([queue, lane])
      else lanes.putSync([queue, lane], { ...before, entries: before.entries - 1 })
    },

    /** Inside a transaction: an entry is back in its old place, before what comes to its lane from now on. */
    backSync(queue: string, { lane, rank }: Pick<EntryRecord<unknown>, 'lane' | 'rank'>): void {
      if (lane === '') return
      const before = lanes.get([queue, lane])
      lanes.putSync([queue, lane], {
        rank: Math.max(before?.rank ?? 0, rank),
        entries: (before?.entries ?? 0) + 1,
      })
    },
  }
}

export type Lanes = ReturnType<typeof createLanes>
