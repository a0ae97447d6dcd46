export interface Backoff {
  /** The delay after the first failure, at most; it doubles with every further one. */
  initialMs: number
  maxMs: number
  /** Which share of the delay is drawn at random, 0 to 1. 1 (full jitter) spreads retries best. Default 1. */
  jitter?: number
}

/**
 * How long to wait before the next attempt, in ms: exponential with jitter, but not less than what the server asked for
 * (`retryAfterMs`), to which up to `initialMs` is added so that not everybody comes back at once.
 */
export function backoffDelay(
  { initialMs, maxMs, jitter = 1 }: Backoff,
  attempts: number,
  retryAfterMs?: number,
  random: () => number = Math.random
): number {
  if (retryAfterMs !== undefined) return retryAfterMs + initialMs * jitter * random()
  // 2^50 ms is 35,000 years; beyond it the product would only lose its meaning.
  const ceiling = Math.min(maxMs, initialMs * 2 ** Math.min(attempts, 50))
  return ceiling * (1 - jitter * random())
}
