import { setImmediate as nextTurn } from 'node:timers/promises'
import pLimit from 'p-limit'

/** Work that a caller may interrupt wherever it yields. */
export type Slices<Result> = Generator<void, Result, void>

/** How long the event loop is kept at a time, in milliseconds. */
const SLICE_MS = 4

/** One slice in a turn of the event loop, whoever's it is: those of eight large requests would otherwise come in a row. */
const turns = pLimit(1)

/** Does the work without keeping the event loop from anybody else for long. */
export async function inSlices<Result>(work: Slices<Result>): Promise<Result> {
  for (;;) {
    const step = await turns(async () => {
      const end = performance.now() + SLICE_MS
      let done = work.next()
      while (!done.done && performance.now() < end) done = work.next()
      // What is read in one slice need not wait for a turn of its own.
      if (!done.done) await nextTurn()
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
