/**
 * `sample.uploaded`, `sample.labelled`, `label.uploaded`, the schedule, or a person → `retrain.requested`, or nothing yet, and why.
 * Counts come from S3, so no event is ever needed for the loop to turn.
 * @module
 */
import { carriesEvent, createEvent, eventResponse, readEvent } from '../../lib/events/index.ts'
import {
  createFunctionApp,
  type Environment,
  perEnvironment,
  readSettings,
} from '../../lib/function/index.ts'
import { objectStoreFromEnv } from '../../lib/s3/index.ts'
import { createMemory } from './collect.ts'
import { type Cause, requestRun } from './request.ts'
import { settingsSchema } from './settings.ts'

const resources = perEnvironment((environment) => {
  const settings = readSettings(settingsSchema, environment)
  const store = objectStoreFromEnv(environment)
  return { settings, store, memory: createMemory(store, settings.DATASET) }
})

const app = createFunctionApp()

app.post('/', async (c) => {
  const { settings, store, memory } = resources(c.env)
  const outcome = await requestRun(store, settings, await causeOf(c.req.raw), memory)
  if (!outcome.requested) return c.json(outcome)
  const { id, dataset, model, snapshot } = outcome.run
  return eventResponse(
    createEvent('retrain.requested', 'cloud/trigger-retrain', [dataset, id], {
      dataset,
      model,
      run: id,
      snapshot,
    })
  )
})

/** An event, the scheduler's call (it says `X-Topic: cron-function`), or somebody with curl. */
async function causeOf(request: Request): Promise<Cause> {
  if (carriesEvent(request.headers)) {
    await readEvent(request, ['sample.uploaded', 'sample.labelled', 'label.uploaded'])
    return 'event'
  }
  return request.headers.get('x-topic') === 'cron-function' ? 'schedule' : 'person'
}

export async function stop(environment: Environment): Promise<void> {
  resources.release(environment)?.store.close()
}

export default app
