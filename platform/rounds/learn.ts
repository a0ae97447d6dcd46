import { runStore, type Verdict } from '../../lib/dataset/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { readEventResponse } from '../../lib/events/index.ts'
import { modelRegistry } from '../../lib/registry/index.ts'
import type { Platform } from '../platform.ts'
import { waitFor } from './wait.ts'

/** What came of a tick: a verdict, a run that failed, or nothing to learn from. */
export interface Learned {
  verdict?: Verdict
  /** Why the run failed; the next tick asks for another one. */
  failed?: string
}

/**
 * Lets the schedule tick for `trigger-retrain`, and waits for the verdict when a run comes of it. A run that an earlier
 * process asked for is waited for first.
 *
 * @param asker a person gets a run also when nothing is new
 */
export async function learn(
  platform: Platform,
  signal: AbortSignal,
  asker: 'schedule' | 'person' = 'schedule'
): Promise<Learned> {
  const runs = runStore(platform.store, platform.dataset)
  const earlier = await runs.latest()
  const late = earlier && !earlier.ended ? await endOf(earlier.run.id) : {}
  await waitFor(() => ask(platform, asker), signal)
  const run = (await runs.latest())?.run.id
  return run === undefined || run === earlier?.run.id ? late : endOf(run)

  function endOf(run: string): Promise<Learned> {
    return waitFor(async (): Promise<Learned | undefined> => {
      const state = await runs.state(run)
      if (state?.verdict) return { verdict: state.verdict }
      if (state?.status?.state === 'failed') return { failed: state.status.error ?? 'no reason given' }
      return undefined
    }, signal)
  }
}

/** One tick of the schedule, or a person's wish; undefined while the gateway is out of reach. */
async function ask(platform: Platform, asker: 'schedule' | 'person'): Promise<true | undefined> {
  const headers: HeadersInit = asker === 'schedule' ? { 'x-topic': 'cron-function' } : {}
  const response = await platform
    .invoke('trigger-retrain', { method: 'POST', headers })
    .catch(() => undefined)
  if (!response || response.status >= 500 || response.status === 429) return undefined
  if (!response.ok)
    throw new EdgeloopError(
      'INTERNAL',
      `trigger-retrain answered ${response.status}: ${await response.text()}`
    )
  const requested = await readEventResponse(response)
  if (requested) await platform.publish(requested)
  return true
}

/**
 * Waits until every edge in reach serves what the channel points at, wherever somebody moves it meanwhile.
 * @returns the version
 */
export async function waitUntilServed(platform: Platform, signal: AbortSignal): Promise<number> {
  const registry = modelRegistry(platform.store, platform.model)
  return waitFor(async () => {
    const version = (await registry.channel('stable'))?.value.version
    if (version === undefined) return undefined
    const reachable = platform.edges.filter(({ online, running }) => online && running)
    const statuses = await Promise.all(reachable.map((edge) => edge.status().catch(() => undefined)))
    return statuses.every((status) => status?.model.serving === version) ? version : undefined
  }, signal)
}
