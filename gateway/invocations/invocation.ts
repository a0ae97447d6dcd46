import type { InvocationMetrics } from '../metrics/index.ts'
import type { Openness } from './protection.ts'
import type { Target } from './target.ts'

/**
 * One request for a function, from the moment it came. A class, as `Passage` is: there are many thousands a second, and
 * a closure for each method of each would be a large part of what they cost.
 */
export class Invocation {
  readonly target: Target
  readonly callId: string
  /** Nanoseconds since 1970, as OpenFaaS writes them. */
  readonly startTime: string
  /** The caller's credentials were for the gateway: the function does not see them. */
  readonly consumedCredentials: boolean
  readonly #metrics: InvocationMetrics | undefined
  readonly #started = performance.now()
  #settled = false

  /** @param openness nothing is counted for a function that is absent: anybody can think of names */
  constructor(target: Target, callId: string, openness: Openness, metrics: InvocationMetrics | undefined) {
    this.target = target
    this.callId = callId
    this.startTime = `${Date.now()}000000`
    this.consumedCredentials = openness === 'protected'
    this.#metrics = openness === 'absent' ? undefined : metrics
    this.#metrics?.started(target)
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1000
  }

  /** Counts it, once. */
  settle(code: number): void {
    if (this.#settled) return
    this.#settled = true
    this.#metrics?.ended(this.target, code, this.seconds)
  }
}
