/**
 * A photo → labels with scores. Takes `photo.captured` (and answers `photo.classified`) or plain photo bytes.
 * @module
 */

import { createComputeOnce } from '../../lib/compute-once/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import {
  carriesEvent,
  createEvent,
  type EdgeloopEvent,
  eventResponse,
  readEvent,
} from '../../lib/events/index.ts'
import {
  createFunctionApp,
  type Environment,
  perEnvironment,
  readSettings,
} from '../../lib/function/index.ts'
import { fetchPhoto, photoHash } from '../../lib/photo/index.ts'
import { prepareRuntime } from '../../lib/runtime/index.ts'
import { createTfServing } from '../../lib/tf-serving/index.ts'
import { createAdmission } from './admission.ts'
import { type Classification, classify } from './classification.ts'
import { createLooker, type Look } from './look.ts'
import { createMetrics } from './metrics.ts'
import type { ModelServer } from './model-server.ts'
import { createModels } from './models.ts'
import { readPhoto } from './read-photo.ts'
import { servableOf } from './servable.ts'
import { settingsSchema } from './settings.ts'

const resources = perEnvironment((environment) => {
  const settings = readSettings(settingsSchema, environment)
  const metrics = createMetrics()
  const looks = createComputeOnce<Look>({ keep: settings.KEEP_FEATURES, onAsked: metrics.asked })
  const look = createLooker(looks, settings, metrics)
  const models = createModels(settings, metrics)
  const { admit } = createAdmission(settings.MAX_HELD_BYTES)
  const tfServing = createTfServing(
    models.manager((model) => servableOf(model, look, settings.MAX_QUEUED)),
    {
      maxBodyBytes: settings.MAX_REQUEST_BYTES,
      admit,
      onAnswered: ({ call, ...request }) => metrics.answered({ api: call, ...request }),
    }
  )
  return { settings, metrics, models, look, admit, tfServing }
})

const app = createFunctionApp()

/** What it wants, what it serves, and why they differ. */
app.get('/', (c) => c.json(resources(c.env).models.get(c.req.query('model')).status()))

app.post('/', async (c) => {
  const { models, metrics } = resources(c.env)
  const isEvent = carriesEvent(c.req.raw.headers)
  const server = models.get(isEvent ? undefined : c.req.query('model'))
  const request = { model: server.status().model, api: isEvent ? 'event' : 'photo' } as const
  return metrics.measure(request, async () =>
    isEvent
      ? eventResponse(await classifyEvent(server, c.req.raw, c.env))
      : c.json(await classifyPhoto(server, c.req.raw, c.env))
  )
})

/** TensorFlow Serving's REST API. */
app.all('/:v1{[vV]1}/*', (c) => resources(c.env).tfServing.fetch(c.req.raw))

app.get('/monitoring/prometheus/metrics', async (c) => {
  const { body, contentType } = await resources(c.env).metrics.text()
  return c.body(body, 200, { 'Content-Type': contentType })
})

async function classifyPhoto(server: ModelServer, request: Request, environment: Environment) {
  const { settings, look, admit } = resources(environment)
  return admit(async ({ take }) => {
    const bytes = await readPhoto(request, settings.MAX_PHOTO_BYTES, take)
    const photo = { hash: photoHash(bytes), bytes }
    const { prediction, features, perceptualHash } = await server.use(async (model) =>
      classify(model, await look(model.backbone, photo, request.signal))
    )
    return { ...prediction, perceptualHash, features }
  })
}

async function classifyEvent(
  server: ModelServer,
  request: Request,
  environment: Environment
): Promise<EdgeloopEvent> {
  const { look, admit } = resources(environment)
  const { data } = await readEvent(request, ['photo.captured'])
  return server.use(async (model) => {
    const outcome = await admit(async ({ take }) => {
      const photo = { hash: data.photo.hash, bytes: await fetchPhoto(data.photo, take) }
      return look(model.backbone, photo, request.signal)
        .then((seen) => classify(model, seen))
        .catch(unreadable)
    })
    const identity = [data.photo.hash, model.manifest.version]
    return createEvent('photo.classified', `edges/${data.edge}/classify`, identity, { ...data, ...outcome })
  })
}

const NOTHING: Record<keyof Classification, null> = {
  prediction: null,
  features: null,
  perceptualHash: null,
  thumbnail: null,
  novelty: null,
  thresholds: null,
}

/** A photo that cannot be decoded is a fact about the photo, for `filter-confidence` to reject; all else is a failure. */
function unreadable(thrown: unknown): typeof NOTHING & { unreadable: string } {
  if (thrown instanceof EdgeloopError && [413, 415, 422].includes(thrown.status))
    return { ...NOTHING, unreadable: thrown.message }
  throw thrown
}

export async function start(environment: Environment): Promise<void> {
  const { settings } = resources(environment)
  prepareRuntime(settings.RUNTIME)
}

export async function stop(environment: Environment): Promise<void> {
  await resources.release(environment)?.models.close()
}

export default app
