import type { Desired } from '../../lib/edge-configuration/index.ts'
import { type QuietClock, quietClock } from './quiet-hours.ts'
import { createTokenBucket } from './token-bucket.ts'

export interface UplinkPolicyOptions {
  /** The configuration that is applied; asked at each look, so that a new one needs no telling. */
  desired(): Pick<Desired, 'bandwidth' | 'quietHours'> | undefined
  /** The clock on the wall, in milliseconds since 1970. */
  clock?: () => number
  /** One that never goes back, in milliseconds. */
  now?: () => number
  /** How often those who wait look whether something has changed: the clock was set, say. In milliseconds. */
  lookMs?: number
}

/** Why nothing goes up now. */
export interface Hold {
  why: string
  /** When that ends, as far as is known; null where nobody knows. */
  until: string | null
}

/** When samples may go up, and how fast. */
export interface UplinkPolicy {
  /**
   * Resolves when so many bytes may go up, in the order of the calls. What is larger than a second's worth goes as a whole,
   * and whoever comes next waits for longer.
   *
   * @throws the signal's reason
   */
  admit(bytes: number, signal: AbortSignal): Promise<void>
  /** Whether everything is held now, and why; null when samples may go. To be told that it is slow is no hold. */
  held(): Hold | null
}

const LOOK_MS = 15_000

export function createUplinkPolicy(options: UplinkPolicyOptions): UplinkPolicy {
  const { desired, clock = Date.now, now = () => performance.now(), lookMs = LOOK_MS } = options
  const bucket = createTokenBucket(now)
  /** Whose turn it is: each waits for the one before, however that one ends. */
  let turn: Promise<unknown> = Promise.resolve()
  let known: { from: Desired['quietHours']; clock: QuietClock } | undefined

  function quiet(): QuietClock | undefined {
    const from = desired()?.quietHours
    if (from === undefined) return undefined
    if (known?.from !== from) known = { from, clock: quietClock(from) }
    return known.clock
  }

  /** How long to wait before looking again; 0: go. */
  function waitMs(): number {
    if (quiet()?.isQuiet(clock())) return lookMs
    bucket.setRate(desired()?.bandwidth)
    return Math.min(bucket.waitMs(), lookMs)
  }

  async function wait(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    for (let ms = waitMs(); ms > 0; ms = waitMs()) await pause(ms, signal)
    bucket.take(bytes)
  }

  return {
    admit(bytes, signal) {
      const admitted = turn.then(() => wait(bytes, signal))
      turn = admitted.catch(() => {})
      return admitted
    },
    held() {
      const at = clock()
      const hours = quiet()
      if (!hours?.isQuiet(at)) return null
      const until = hours.endsAt(at)
      return { why: 'quiet hours', until: until === undefined ? null : new Date(until).toISOString() }
    },
  }
}

/** @throws the signal's reason */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}
