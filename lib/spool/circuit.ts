import { type Backoff, backoffDelay } from './backoff.ts'

/** However long it asks to be left alone: a clock may be wrong, or a date. In milliseconds. */
const LONGEST_MS = 5 * 60_000

/** So many failures in a row, of whichever entries, are no matter of the entries any more. */
const FAILURES = 5

/** How it is with what does the work. */
export interface CircuitState {
  /** `open`: it gets nothing until `retryInMs` have passed. `half-open`: one entry at a time tries whether it is back. */
  state: 'closed' | 'open' | 'half-open'
  /** In a row. */
  failures: number
  retryInMs: number
  lastError?: string
}

/**
 * A circuit breaker: where everything fails, entries wait as they are, in place of being tried and counted one by one.
 * Nygard, "Release It!".
 */
export function createCircuit(backoff: Backoff) {
  let failures = 0
  let opened = 0
  let lastError: string | undefined
  /** On the clock of `performance.now()`. */
  let until = 0

  function state(): CircuitState['state'] {
    if (failures < FAILURES) return 'closed'
    return performance.now() < until ? 'open' : 'half-open'
  }

  return {
    isClosed: (): boolean => failures < FAILURES,

    /** It has given an answer, be it that it will never take the entry. */
    answered(): void {
      failures = 0
      opened = 0
      lastError = undefined
    },

    failed(error: string, retryAfterMs?: number): void {
      lastError = error
      failures++
      // Those that were under way when it opened say nothing new.
      if (failures < FAILURES || performance.now() < until) return
      until = performance.now() + Math.min(LONGEST_MS, backoffDelay(backoff, opened++, retryAfterMs))
    },

    describe(): CircuitState {
      const now = state()
      const retryInMs = now === 'open' ? Math.max(1, Math.ceil(until - performance.now())) : 0
      return { state: now, failures, retryInMs, ...(lastError !== undefined && { lastError }) }
    },
  }
}
