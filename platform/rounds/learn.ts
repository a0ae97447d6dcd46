import { runStore, type Verdict } from '../../lib/dataset/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { readEventResponse } from '../../lib/events/index.ts'
import type { Platform } from '../platform.ts'
import { waitFor } from './wait.ts'

/**
 * Lets the schedule tick for `trigger-retrain`, and waits for the verdict when a run comes of it.
 *
 * @returns undefined when there was nothing to learn from
 * @throws EdgeloopError UNAVAILABLE when the run failed
 */
export async function learn(platform: Platform, signal: AbortSignal): Promise<Verdict | undefined> {
  const tick = new Request('http://trigger-retrain/', {
    method: 'POST',
    headers: { 'x-topic': 'cron-function' },
  })
  const response = await platform.invoke('trigger-retrain', tick)
  if (!response.ok)
    throw new EdgeloopError(
      'UNAVAILABLE',
      `trigger-retrain answered ${response.status}: ${await response.text()}`
    )
  const requested = await readEventResponse(response)
  if (requested?.type !== 'retrain.requested') return undefined
  await platform.publish(requested)

  const runs = runStore(platform.store, platform.dataset)
  return waitFor(async () => {
    const state = await runs.state(requested.data.run)
    if (state?.status?.state === 'failed')
      throw new EdgeloopError(
        'UNAVAILABLE',
        `training run ${requested.data.run} failed: ${state.status.error}`
      )
    return state?.verdict
  }, signal)
}

/** Waits until every edge in reach serves a version. */
export async function waitUntilServed(
  platform: Platform,
  version: number,
  signal: AbortSignal
): Promise<void> {
  await waitFor(async () => {
    const reachable = platform.edges.filter(({ online, running }) => online && running)
    const statuses = await Promise.all(reachable.map((edge) => edge.status()))
    return statuses.every(({ model }) => model.serving === version) || undefined
  }, signal)
}
