/** Lets so many bytes a second pass, on average over a few seconds. */
export interface TokenBucket {
  /** @returns how long to wait until as much may pass as has been taken, in milliseconds; 0: at once */
  waitMs(): number
  /** Takes bytes, also more than there are: whoever comes next waits for them. */
  take(bytes: number): void
  /** Bytes a second; undefined: as many as there are. */
  setRate(rate: number | undefined): void
}

/** What was not used for a while may be used at once, for so long a while; in milliseconds. */
const BURST_MS = 2000

/** @param now a clock that never goes back, in milliseconds */
export function createTokenBucket(now: () => number): TokenBucket {
  let rate: number | undefined
  /** Bytes that may pass; below 0, what has passed in advance. */
  let tokens = 0
  let at = now()

  function fill(): void {
    const elapsed = now() - at
    at += elapsed
    if (rate !== undefined) tokens = Math.min(tokens + (rate * elapsed) / 1000, (rate * BURST_MS) / 1000)
  }

  return {
    waitMs() {
      fill()
      return rate === undefined || tokens >= 0 ? 0 : Math.ceil((-tokens / rate) * 1000)
    },
    take(bytes) {
      fill()
      if (rate !== undefined) tokens -= bytes
    },
    setRate(next) {
      if (next === rate) return
      fill()
      rate = next
      // A debt is paid at the new rate; nothing is owed to a limit that has gone.
      tokens = rate === undefined ? 0 : Math.min(tokens, (rate * BURST_MS) / 1000)
    },
  }
}
