import { type Deployment, secondsOf } from '../../lib/stack/index.ts'

/** How often and when a function is asked again. https://docs.openfaas.com/openfaas-pro/retries/ */
export interface RetryPolicy {
  /** Times in all. */
  attempts: number
  /** Statuses after which it is asked again. */
  codes: ReadonlySet<number>
  /** Between the first two attempts, twice as long each time, in milliseconds. */
  minWaitMs: number
  maxWaitMs: number
}

/** As OpenFaaS' queue-worker has them. */
const ATTEMPTS = 10
const CODES = [408, 429, 500, 502, 503, 504]
const MIN_WAIT_S = 10
const MAX_WAIT_S = 120

/** Reads `com.openfaas.retry.*`; what cannot be read is as if it were not there. */
export function retryPolicyOf(annotations: Deployment['annotations']): RetryPolicy {
  const read = (name: string) => annotations?.[`com.openfaas.retry.${name}`]?.trim()
  const attempts = Number(read('attempts'))
  const codes = (read('codes') ?? '').split(',').map(Number)
  const wait = (name: string, fallback: number) => (secondsOf(read(name)) ?? fallback) * 1000
  const minWaitMs = wait('min_wait', MIN_WAIT_S)
  return {
    attempts: Number.isInteger(attempts) && attempts > 0 ? attempts : ATTEMPTS,
    codes: new Set(codes.every((code) => code >= 400 && code <= 599) ? codes : CODES),
    minWaitMs,
    maxWaitMs: Math.max(minWaitMs, wait('max_wait', MAX_WAIT_S)),
  }
}

/** @param before how often it was tried in vain before this time */
export function waitMs({ minWaitMs, maxWaitMs }: RetryPolicy, before: number): number {
  return Math.min(maxWaitMs, minWaitMs * 2 ** Math.min(before, 30))
}
