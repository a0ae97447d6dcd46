import { type Run, type RunState, runStore } from '../../lib/dataset/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'
import { collect, type Memory } from './collect.ts'
import type { Settings } from './settings.ts'

/** Who asks: an event about a new sample, the schedule, or a person who wants a run whatever the counts. */
export type Cause = 'event' | 'schedule' | 'person'

export type Outcome = { requested: true; run: Run } | { requested: false; missing: string[] }

const ASKED_BY: Record<Cause, string> = { event: 'an event', schedule: 'the schedule', person: 'a person' }

/** Asks for a training run when there is enough to learn from; says what is missing otherwise. */
export async function requestRun(
  store: ObjectStore,
  settings: Settings,
  cause: Cause,
  memory?: Memory
): Promise<Outcome> {
  const runs = runStore(store, settings.DATASET)
  const latest = await runs.latest()
  if (latest && !latest.ended) return notYet(`run ${latest.run.id} has not ended yet`)

  if (latest && cause === 'event') {
    const age = (Date.now() - Date.parse(latest.run.at)) / 1000
    const left = Math.ceil(settings.RETRAIN_MIN_INTERVAL_SECONDS - age)
    if (left > 0)
      return notYet(`the minimum interval of ${settings.RETRAIN_MIN_INTERVAL_SECONDS} s has ${left} s left`)
  }

  const since = latest ? lastSeen(latest) : null
  const previous = since === null ? undefined : await runs.getSnapshot(since)
  const { items, fresh, foreign, pseudoLabels } = await collect(store, settings.DATASET, previous, memory)
  const enough = minimumOf(settings, cause)
  const labels = new Set(items.map((item) => item.label))
  const missing = [
    ...(fresh < enough
      ? [`${enough - fresh} more new or newly labelled samples (${fresh} of ${enough})`]
      : []),
    ...(labels.size < 2
      ? [`samples of at least two labels (so far: ${[...labels].join(', ') || 'none'})`]
      : []),
  ]
  if (missing.length > 0)
    return notYet(...missing, ...(pseudoLabels.stopped ? [`pseudo-labels: ${pseudoLabels.why}`] : []))

  const snapshot = await runs.putSnapshot(items, foreign)
  const request = {
    model: settings.MODEL_NAME,
    snapshot: snapshot.id,
    since,
    at: new Date().toISOString(),
    why: [
      `${fresh} new or newly labelled samples`,
      `asked by ${ASKED_BY[cause]}`,
      ...(pseudoLabels.stopped ? [`without pseudo-labels: ${pseudoLabels.why}`] : []),
    ].join('; '),
    newSamples: fresh,
    pseudoLabels,
  }
  const run = await runs.create(request, latest?.run.id)
  return run ? { requested: true, run } : notYet('somebody else asked for a run at the same moment')
}

/**
 * The snapshot that the last training saw. One that failed saw nothing: its samples are still new, or they would wait
 * until other ones came.
 */
function lastSeen({ run, status, verdict }: RunState): string | null {
  return status?.state === 'failed' && !verdict ? run.since : run.snapshot
}

function minimumOf(settings: Settings, cause: Cause): number {
  if (cause === 'person') return 0
  return cause === 'schedule' ? settings.RETRAIN_MIN_NEW_ON_SCHEDULE : settings.RETRAIN_MIN_NEW
}

function notYet(...missing: string[]): Outcome {
  return { requested: false, missing }
}
