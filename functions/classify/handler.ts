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
import { type Classification, classify } from './classification.ts'
import { createLooker, type Look } from './look.ts'
import { createModelServer } from './model-server.ts'
import { readPhoto } from './read-photo.ts'
import { settingsSchema } from './settings.ts'

const resources = perEnvironment((environment) => {
  const settings = readSettings(settingsSchema, environment)
  const looks = createComputeOnce<Look>({ keep: settings.KEEP_FEATURES })
  const look = createLooker(looks, settings.MAX_PHOTO_BYTES)
  return { settings, models: createModelServer(settings), look }
})

const app = createFunctionApp()

/** What it wants, what it serves, and why they differ. */
app.get('/', (c) => c.json(resources(c.env).models.status()))

app.post('/', async (c) => {
  if (carriesEvent(c.req.raw.headers)) return eventResponse(await classifyEvent(c.req.raw, c.env))
  const { settings, models, look } = resources(c.env)
  const bytes = await readPhoto(c.req.raw, settings.MAX_PHOTO_BYTES)
  const photo = { hash: photoHash(bytes), bytes }
  const { prediction, features, perceptualHash } = await models.use(async (model) =>
    classify(model, await look(model.backbone, photo, c.req.raw.signal))
  )
  return c.json({ ...prediction, perceptualHash, features })
})

async function classifyEvent(request: Request, environment: Environment): Promise<EdgeloopEvent> {
  const { models, look } = resources(environment)
  const { data } = await readEvent(request, ['photo.captured'])
  return models.use(async (model) => {
    const photo = { hash: data.photo.hash, bytes: await fetchPhoto(data.photo) }
    const outcome = await look(model.backbone, photo, request.signal)
      .then((seen) => classify(model, seen))
      .catch(unreadable)
    const identity = [data.photo.hash, model.manifest.version]
    return createEvent('photo.classified', `edges/${data.edge}/classify`, identity, { ...data, ...outcome })
  })
}

const NOTHING: Record<keyof Classification, null> = {
  prediction: null,
  features: null,
  perceptualHash: null,
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
