export interface Backoff {
  /** The wait after the first failure, in milliseconds. */
  firstMs: number
  /** No wait is longer than this, in milliseconds. */
  mostMs: number
}

/**
 * How long to wait after so many failures in a row (0 is the first): twice as long each time, up to a bound, and then
 * somewhere in the upper half of that, so that devices that failed together do not all come back together.
 */
export function waitAfter(failures: number, { firstMs, mostMs }: Backoff): number {
  const longest = Math.min(mostMs, firstMs * 2 ** failures)
  return longest * (1 - Math.random() / 2)
}
