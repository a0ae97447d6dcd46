import { runStore, type Verdict } from '../../lib/dataset/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { readEventResponse } from '../../lib/events/index.ts'
import { modelRegistry } from '../../lib/registry/index.ts'
import type { Platform } from '../platform.ts'
import { waitFor } from './wait.ts'

/**
 * Lets the schedule tick for `trigger-retrain`, and waits for the verdict when a run comes of it. A run that an earlier
 * process asked for is waited for first.
 *
 * @returns undefined when there was nothing to learn from
 * @throws EdgeloopError UNAVAILABLE when the run failed
 */
export async function learn(platform: Platform, signal: AbortSignal): Promise<Verdict | undefined> {
  const runs = runStore(platform.store, platform.dataset)
  const earlier = await runs.latest()
  const late = earlier && !earlier.ended ? await verdictOf(earlier.run.id) : undefined
  await waitFor(() => tick(platform), signal)
  const run = (await runs.latest())?.run.id
  return run === undefined || run === earlier?.run.id ? late : verdictOf(run)

  function verdictOf(run: string): Promise<Verdict> {
    return waitFor(async () => {
      const state = await runs.state(run)
      if (state?.status?.state === 'failed')
        throw new EdgeloopError('UNAVAILABLE', `training run ${run} failed: ${state.status.error}`)
      return state?.verdict
    }, signal)
  }
}

/** One tick of the schedule; undefined while the gateway is out of reach. */
async function tick(platform: Platform): Promise<true | undefined> {
  const asSchedule = { method: 'POST', headers: { 'x-topic': 'cron-function' } }
  const response = await platform.invoke('trigger-retrain', asSchedule).catch(() => undefined)
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
    const reachable = platform.edges.filter(({ online, running }) => online && running)
    const statuses = await Promise.all(reachable.map((edge) => edge.status().catch(() => undefined)))
    return statuses.every((status) => status?.model.serving === version) ? version : undefined
  }, signal)
}
