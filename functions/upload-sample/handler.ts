/**
 * `sample.accepted | sample.review` → S3 → `sample.uploaded`. Idempotent by content hash; the 200 of S3 is the
 * acknowledgement.
 * @module
 */
import { z } from 'zod'
import { sampleStore } from '../../lib/dataset/index.ts'
import { createEvent, eventResponse, readEvent } from '../../lib/events/index.ts'
import { createFunctionApp, perEnvironment, readSettings } from '../../lib/function/index.ts'
import { fetchPhoto } from '../../lib/photo/index.ts'
import { objectStoreFromEnv } from '../../lib/s3/index.ts'

import { readFeatures, wantsPhoto } from './policy.ts'

const settingsSchema = z.object({ DATASET: z.string().default('photos') })

const resources = perEnvironment((environment) => {
  const { DATASET } = readSettings(settingsSchema, environment)
  const store = objectStoreFromEnv(environment)
  return { dataset: DATASET, samples: sampleStore(store, DATASET), close: () => store.close() }
})

const app = createFunctionApp()

app.post('/', async (c) => {
  const { data } = await readEvent(c.req.raw, ['sample.accepted', 'sample.review'])
  const { dataset, samples } = resources(c.env)
  const { features, uplink, band, ...rest } = data
  const { url: _url, ...photo } = data.photo
  const values = readFeatures(features)
  const body = wantsPhoto(data) ? await fetchPhoto(data.photo) : null
  const kept = band === 'accept' ? ('accept' as const) : ('review' as const)
  const bytes = await samples.put({
    record: { ...rest, photo, band: kept, backbone: features?.backbone ?? null, withPhoto: body !== null },
    features: values,
    photo: body,
  })
  const { edge, device, sequence } = data
  const source = `edges/${edge}/upload-sample`
  const outcome = { edge, device, sequence, photo, band: kept, dataset, bytes, withPhoto: body !== null }
  return eventResponse(createEvent('sample.uploaded', source, [photo.hash], outcome))
})

export async function stop(environment: Parameters<typeof resources>[0]): Promise<void> {
  resources.release(environment)?.close()
}

export default app
