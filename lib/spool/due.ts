import type { Table } from '../database/index.ts'

/** The longest delay of a retry. What waits for longer was scheduled by a clock that was wrong, and is due. */
export const MAX_DELAY_MS = 24 * 60 * 60 * 1000

export interface Due {
  sequence: number
  notBefore: number
}

interface QueueView {
  inFlight: Map<number, Due>
  /** Entries whose delay has passed, by sequence, none of them in flight. */
  ripe: Due[]
  /** All that is scheduled until then and not in flight is in `ripe`. */
  until: number
  /** Something in `ripe` is there only because it was scheduled by a clock that was wrong. */
  strays: boolean
}

/**
 * What is due and what is in flight: the part of the spool that lives in memory only. Entries without delay are read in
 * order from the schedule; delayed ones join them, by sequence, as their time comes.
 */
export function createDueView(schedule: Table<null>) {
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
      if (view.ripe[middle]!.sequence < due.sequence) low = middle + 1
      else high = middle
    }
    if (view.ripe[low]?.sequence !== due.sequence) view.ripe.splice(low, 0, due)
  }

  function* scheduled(queue: string, from: number, to: number): Generator<Due> {
    for (const key of schedule.keys({ from: [queue, from], to: [queue, to] })) {
      const [, notBefore, sequence] = key as [string, number, number]
      yield { sequence, notBefore }
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
    /** Marks up to `limit` due entries as in flight, the lowest sequence first. */
    take(queue: string, limit: number, now: number): Due[] {
      const view = ripen(queue, now)
      const taken: Due[] = []
      const take = (due: Due) => {
        view.inFlight.set(due.sequence, due)
        taken.push(due)
      }
      for (const due of scheduled(queue, 0, 1)) {
        while (taken.length < limit && view.ripe.length > 0 && view.ripe[0]!.sequence < due.sequence) {
          take(view.ripe.shift()!)
        }
        if (taken.length >= limit) return taken
        if (!view.inFlight.has(due.sequence)) take(due)
      }
      while (taken.length < limit && view.ripe.length > 0) take(view.ripe.shift()!)
      return taken
    },

    /** When `take` will find something; 0 is at once. */
    next(queue: string, now: number): number | undefined {
      const view = ripen(queue, now)
      if (view.ripe.length > 0) return 0
      for (const due of scheduled(queue, 0, 1)) if (!view.inFlight.has(due.sequence)) return 0
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

    inFlight: (queue: string): number => views.get(queue)?.inFlight.size ?? 0,
  }
}
