import { type Run, runStore } from '../../lib/dataset/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'
import { collect } from './collect.ts'
import type { Settings } from './settings.ts'

/** Who asks: an event about a new sample, the schedule, or a person who wants a run whatever the counts. */
export type Cause = 'event' | 'schedule' | 'person'

export type Outcome = { requested: true; run: Run } | { requested: false; missing: string[] }

/** Asks for a training run when there is enough to learn from; says what is missing otherwise. */
export async function requestRun(store: ObjectStore, settings: Settings, cause: Cause): Promise<Outcome> {
  const runs = runStore(store, settings.DATASET)
  const latest = await runs.latest()
  if (latest && !latest.ended) return notYet(`run ${latest.run.id} has not ended yet`)

  if (latest && cause === 'event') {
    const age = (Date.now() - Date.parse(latest.run.at)) / 1000
    const left = Math.ceil(settings.RETRAIN_MIN_INTERVAL_SECONDS - age)
    if (left > 0)
      return notYet(`the minimum interval of ${settings.RETRAIN_MIN_INTERVAL_SECONDS} s has ${left} s left`)
  }

  const previous = latest && (await runs.getSnapshot(latest.run.snapshot))
  const { items, fresh } = await collect(store, settings.DATASET, previous)
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
  if (missing.length > 0) return notYet(...missing)

  const snapshot = await runs.putSnapshot(items)
  const run = await runs.create({
    model: settings.MODEL_NAME,
    snapshot: snapshot.id,
    at: new Date().toISOString(),
    why: `${fresh} new or newly labelled samples; asked by ${cause === 'event' ? 'an event' : `the ${cause}`}`,
    newSamples: fresh,
  })
  return run ? { requested: true, run } : notYet('somebody else asked for a run at the same moment')
}

function minimumOf(settings: Settings, cause: Cause): number {
  if (cause === 'person') return 0
  return cause === 'schedule' ? settings.RETRAIN_MIN_NEW_ON_SCHEDULE : settings.RETRAIN_MIN_NEW
}

function notYet(...missing: string[]): Outcome {
  return { requested: false, missing }
}
