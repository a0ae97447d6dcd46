import { setImmediate as nextTurn } from 'node:timers/promises'
import pLimit from 'p-limit'

/** Work that a caller may interrupt wherever it yields. */
export type Slices<Result> = Generator<void, Result, void>

/** How long the event loop is kept at a time, in milliseconds. */
const SLICE_MS = 4

/** One after the other, whosever they are: the slices of eight requests would otherwise come in a row, in the same turn. */
const turns = pLimit(1)
/** When this turn of the event loop has been used up, on the clock of `performance.now()`. */
let turnEnd = 0

/** Does the work without keeping the event loop from anybody else for long. */
export async function inSlices<Result>(work: Slices<Result>): Promise<Result> {
  for (;;) {
    const step = await turns(async () => {
      if (performance.now() >= turnEnd) {
        await nextTurn()
        turnEnd = performance.now() + SLICE_MS
      }
      let done = work.next()
      while (!done.done && performance.now() < turnEnd) done = work.next()
      return done
    })
    if (step.done) return step.value
  }
}

/** Does the work without a pause. */
export function atOnce<Result>(work: Slices<Result>): Result {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}
