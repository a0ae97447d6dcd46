import type { Writable } from 'node:stream'
import type { Reporter } from './reporter.ts'

/** One JSON line an event. */
export function jsonReporter(out: Writable): Reporter {
  return {
    event(event) {
      // Progress is for eyes; a program that reads this wants what is final.
      if (event.event !== 'progress') out.write(`${JSON.stringify(event)}\n`)
    },
    note() {},
    close() {},
  }
}
