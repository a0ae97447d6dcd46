import type { Table } from '../database/index.ts'

/** The longest delay of a retry. What waits for longer was scheduled by a clock that was wrong, and is due. */
export const MAX_DELAY_MS = 24 * 60 * 60 * 1000

export interface Due {
  sequence: number
  notBefore: number
  priority: number
  rank: number
  lane: string
}

/** What the schedule says of an entry. */
export function dueOf(sequence: number, { notBefore, priority, rank, lane }: Omit<Due, 'sequence'>): Due {
  return { sequence, notBefore, priority, rank, lane }
}

interface QueueView {
  inFlight: Map<number, Due>
  /** Entries whose delay has passed, in their order, none of them in flight. */
  ripe: Due[]
  /** All that is scheduled until then and not in flight is in `ripe`. */
  until: number
  /** Something in `ripe` is there only because it was scheduled by a clock that was wrong. */
  strays: boolean
}

/** By priority, then by rank, then by age. */
function compare(a: Due, b: Due): number {
  return a.priority - b.priority || a.rank - b.rank || a.sequence - b.sequence
}

/**
 * What is due and what is in flight: the part of the spool that lives in memory only. Entries without delay are read in
 * order from the schedule; delayed ones join them, in their place, as their time comes.
 */
export function createDueView(schedule: Table<string>) {
  const views = new Map<string, QueueView>()

  function viewOf(queue: string): QueueView {
    let view = views.get(queue)
    if (!view) {
      view = { inFlight: new Map(), ripe: [], until: 0, strays: false }
      views.set(queue, view)
    }
    return view
  }

  function insert(view: QueueView, due: Due) {
    if (view.inFlight.has(due.sequence)) return
    let low = 0
    let high = view.ripe.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare(view.ripe[middle]!, due) < 0) low = middle + 1
      else high = middle
    }
    if (view.ripe[low]?.sequence !== due.sequence) view.ripe.splice(low, 0, due)
  }

  function* scheduled(queue: string, from: number, to: number): Generator<Due> {
    for (const key of schedule.keys({ from: [queue, from], to: [queue, to] })) {
      const [, notBefore, priority, rank, sequence] = key as [string, number, number, number, number]
      yield { sequence, notBefore, priority, rank, lane: schedule.get(key) ?? '' }
    }
  }

  function ripen(queue: string, now: number): QueueView {
    const view = viewOf(queue)
    if (now < view.until || (view.strays && now > view.until)) {
      // The clock was set, perhaps back to the right time: what had seemed ripe may have to wait.
      view.ripe = []
      view.until = 0
      view.strays = false
    }
    if (now > view.until) {
      for (const due of scheduled(queue, view.until + 1, now + 1)) insert(view, due)
      view.until = now
    }
    for (const due of scheduled(queue, now + MAX_DELAY_MS + 1, Number.POSITIVE_INFINITY)) {
      insert(view, due)
      view.strays = true
    }
    return view
  }

  /** What is due and not in flight, in order; the view must stay as it is meanwhile. */
  function* waiting(queue: string, { ripe, inFlight }: QueueView): Generator<Due> {
    let next = 0
    for (const due of scheduled(queue, 0, 1)) {
      while (next < ripe.length && compare(ripe[next]!, due) < 0) yield ripe[next++]!
      if (!inFlight.has(due.sequence)) yield due
    }
    while (next < ripe.length) yield ripe[next++]!
  }

  /** Lanes in which something is in flight, or waits to be tried again. */
  function heldUp(queue: string, view: QueueView, now: number): Set<string> {
    const lanes = new Set([...view.inFlight.values()].map(({ lane }) => lane))
    const delayed = scheduled(queue, now + 1, now + MAX_DELAY_MS + 1)
    for (const { sequence, lane } of delayed) if (!view.inFlight.has(sequence)) lanes.add(lane)
    return lanes
  }

  function added(queue: string, due: Due) {
    const view = viewOf(queue)
    if (due.notBefore > 0 && due.notBefore <= view.until) insert(view, due)
  }

  function gone(queue: string, sequence: number) {
    const view = viewOf(queue)
    if (view.inFlight.delete(sequence)) return
    const index = view.ripe.findIndex((due) => due.sequence === sequence)
    if (index >= 0) view.ripe.splice(index, 1)
  }

  return {
    /** Marks up to `limit` due entries as in flight, in their order; with `ordered`, one of each lane. */
    take(queue: string, limit: number, now: number, ordered: boolean): Due[] {
      const view = ripen(queue, now)
      const held = ordered ? heldUp(queue, view, now) : undefined
      const taken: Due[] = []
      if (limit <= 0) return taken
      for (const due of waiting(queue, view)) {
        if (held?.has(due.lane)) continue
        held?.add(due.lane)
        taken.push(due)
        if (taken.length === limit) break
      }
      for (const due of taken) {
        gone(queue, due.sequence)
        view.inFlight.set(due.sequence, due)
      }
      return taken
    },

    /** When `take` will find something; 0 is at once. */
    next(queue: string, now: number, ordered: boolean): number | undefined {
      const view = ripen(queue, now)
      const held = ordered ? heldUp(queue, view, now) : undefined
      for (const { lane } of waiting(queue, view)) if (!held?.has(lane)) return 0
      for (const due of scheduled(queue, now + 1, Number.POSITIVE_INFINITY)) {
        if (!view.inFlight.has(due.sequence)) return due.notBefore
      }
      return undefined
    },

    /** After the commit that scheduled something new. */
    added,

    /** After the commit that scheduled again what was in flight. */
    returned(queue: string, due: Due) {
      gone(queue, due.sequence)
      added(queue, due)
    },

    /** Puts back what was in flight, as it was. Returns false where it was not. */
    release(queue: string, sequence: number): boolean {
      const view = viewOf(queue)
      const due = view.inFlight.get(sequence)
      if (!due) return false
      view.inFlight.delete(sequence)
      added(queue, due)
      return true
    },

    /** After the commit that took an entry out of the queue. */
    gone,

    isInFlight: (queue: string, sequence: number): boolean =>
      views.get(queue)?.inFlight.has(sequence) ?? false,

    inFlight: (queue: string): number => views.get(queue)?.inFlight.size ?? 0,
  }
}
