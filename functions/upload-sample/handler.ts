/**
 * `sample.accepted | sample.review` → S3 → `sample.uploaded`. Idempotent by content hash; the 200 of S3 is the
 * acknowledgement.
 * @module
 */
import { z } from 'zod'
import { sampleStore } from '../../lib/dataset/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { createEvent, eventData, eventResponse, readEvent, wantsPhoto } from '../../lib/events/index.ts'
import {
  createFunctionApp,
  type Environment,
  perEnvironment,
  readSettings,
} from '../../lib/function/index.ts'
import { fetchPhoto } from '../../lib/photo/index.ts'
import { objectStoreFromEnv } from '../../lib/s3/index.ts'
import { readFeatures } from './read-features.ts'

const settingsSchema = z.object({ DATASET: eventData.name.default('photos') })

const resources = perEnvironment((environment) => {
  const { DATASET } = readSettings(settingsSchema, environment)
  const store = objectStoreFromEnv(environment)
  return { dataset: DATASET, samples: sampleStore(store, DATASET), close: () => store.close() }
})

const app = createFunctionApp()

app.post('/', async (c) => {
  const { data } = await readEvent(c.req.raw, ['sample.accepted', 'sample.review'])
  const { dataset, samples } = resources(c.env)
  const { features, thumbnail: _thumbnail, uplink = 'review', band, ...rest } = data
  const { url: _url, ...photo } = data.photo
  const values = readFeatures(features)
  const body = wantsPhoto(band, uplink) ? await fetchPhoto(data.photo) : null
  // One such sample would fail every training from then on.
  if (!values && !body)
    throw new EdgeloopError('INVALID_INPUT', 'there is nothing to learn from: no features, and no photo', {
      where: 'data.features',
      hint: 'send the features that classify answered, or set the uplink to "all"',
    })
  const kept = band === 'accept' ? ('accept' as const) : ('review' as const)
  const sample = {
    record: { ...rest, photo, band: kept, backbone: features?.backbone ?? null, withPhoto: body !== null },
    features: values,
    photo: body,
  }
  // Whoever no longer waits for a slow line comes again: one of the two is enough.
  const { record, bytes } = await samples.put(sample, { signal: c.req.raw.signal })
  const { edge, device, sequence } = data
  const source = `edges/${edge}/upload-sample`
  // What the cloud holds, which is not what was just sent where another edge was first.
  const stands = { band: record.band, withPhoto: record.withPhoto }
  const outcome = { edge, device, sequence, photo, dataset, bytes, ...stands }
  return eventResponse(createEvent('sample.uploaded', source, [photo.hash], outcome))
})

export async function stop(environment: Environment): Promise<void> {
  resources.release(environment)?.close()
}

export default app
