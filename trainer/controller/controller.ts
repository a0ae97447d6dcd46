import { setTimeout as sleep } from 'node:timers/promises'
import { type RunState, runStore } from '../../lib/dataset/index.ts'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import { createEvent, type EdgeloopEvent, type EventData } from '../../lib/events/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'
import { createAlarm, withDeadline } from '../../lib/waiting/index.ts'
import type { StartJob } from './start-job.ts'

export interface TrainingControllerOptions {
  store: ObjectStore
  dataset: string
  startJob: StartJob
  /** Resolves when the event is safe with whoever carries it on. */
  publish(event: EdgeloopEvent): Promise<void>
  /** How often the runs are looked at without being told, in milliseconds. */
  pollMs?: number
  /** How long a failed job is left alone, times the number of failures, in milliseconds. */
  retryMs?: number
}

export interface TrainingController {
  /** Looks at the runs at once: somebody has asked for one. */
  poke(): void
  close(): Promise<void>
}

/** After this many failures a run is given up. */
const MAX_ATTEMPTS = 3
/** How long one attempt to say something may take, in milliseconds. */
const SAY_MS = 30_000

/**
 * Watches for runs and has each one trained. All it knows is in the bucket: after a restart it goes on where it was,
 * finding a job again that had not ended, or starting another one, and saying again what may not have been heard.
 */
export function createTrainingController(options: TrainingControllerOptions): TrainingController {
  const { store, dataset, startJob, publish, pollMs = 1000, retryMs = 1000 } = options
  const runs = runStore(store, dataset)
  const closing = new AbortController()
  const alarm = createAlarm()
  /** The run whose `model.trained` this process has said. */
  let said: string | undefined

  async function look(): Promise<void> {
    const state = await runs.latest()
    if (!state || state.ended) return
    if (state.status?.state === 'trained') return sayTrained(state)
    await train(state)
  }

  async function train({ run, status }: RunState): Promise<void> {
    // Only a job's own failure counts: one that this process has left behind is simply begun again.
    const attempt = status ? status.attempt + (status.error === undefined ? 0 : 1) : 1
    const about = { dataset, model: run.model, run: run.id, snapshot: run.snapshot }
    await runs.setStatus(run.id, { state: 'started', attempt })
    report('retrain.started', { ...about, stage: 'start', done: 0 }, attempt)
    const end = await startJob(
      { run, attempt },
      (stage, done) => report('retrain.progress', { ...about, stage, done }, attempt),
      closing.signal
    )
    if (closing.signal.aborted) return
    if ('version' in end) {
      await runs.setStatus(run.id, { state: 'trained', attempt, version: end.version })
      return look()
    }
    const state = attempt < MAX_ATTEMPTS ? 'started' : 'failed'
    await runs.setStatus(run.id, { state, attempt, error: end.error })
    console.error(`run ${run.id}, attempt ${attempt}: ${end.error}`)
    if (state === 'started')
      await sleep(attempt * retryMs, undefined, { signal: closing.signal }).catch(() => {})
  }

  async function sayTrained({ run, status }: RunState): Promise<void> {
    if (said === run.id) return
    const { model, snapshot, id } = run
    const data = { dataset, model, run: id, snapshot, version: status!.version! }
    const event = createEvent('model.trained', 'cloud/trainer', [dataset, id], data)
    // Whoever carries it may be away for long: then it is said again after a while, or by the next process.
    await withDeadline(closing.signal, SAY_MS, () => publish(event))
    said = id
  }

  /** For those who watch: nothing waits for it. */
  function report(
    type: 'retrain.started' | 'retrain.progress',
    data: EventData<'retrain.progress'>,
    attempt: number
  ): void {
    const event = createEvent(type, 'cloud/trainer', [data.run, attempt, data.stage, data.done], data)
    publish(event).catch((error: unknown) => console.error('progress:', asEdgeloopError(error).message))
  }

  async function follow(): Promise<void> {
    let complaint = ''
    while (!closing.signal.aborted) {
      try {
        await look()
        complaint = ''
      } catch (thrown) {
        // The same thing once, however often it is tried.
        const { message } = asEdgeloopError(thrown)
        if (!closing.signal.aborted && message !== complaint) console.error('training controller:', message)
        complaint = message
      }
      if (!closing.signal.aborted) await alarm.wait(pollMs)
    }
  }

  const following = follow()
  return {
    poke: () => alarm.ring(),
    async close() {
      closing.abort()
      alarm.ring()
      await following
    },
  }
}
