/**
 * `model.trained` → `model.promoted | model.refused`: the candidate against the serving model, on the golden set.
 * @module
 */
import { z } from 'zod'
import { createEvent, eventData, eventResponse, readEvent } from '../../lib/events/index.ts'
import {
  createFunctionApp,
  type Environment,
  perEnvironment,
  readSettings,
} from '../../lib/function/index.ts'
import { objectStoreFromEnv } from '../../lib/s3/index.ts'
import { promote } from './promote.ts'

const settingsSchema = z.object({ MODEL_CHANNEL: eventData.name.default('stable') })

const resources = perEnvironment((environment) => ({
  channel: readSettings(settingsSchema, environment).MODEL_CHANNEL,
  store: objectStoreFromEnv(environment),
}))

const app = createFunctionApp()

app.post('/', async (c) => {
  const { data } = await readEvent(c.req.raw, ['model.trained'])
  const { channel, store } = resources(c.env)
  const verdict = await promote(store, channel, data)
  const type = verdict.judgement.verdict === 'promote' ? 'model.promoted' : 'model.refused'
  return eventResponse(createEvent(type, 'cloud/promote-model', [data.model, data.version], verdict))
})

export async function stop(environment: Environment): Promise<void> {
  resources.release(environment)?.store.close()
}

export default app
