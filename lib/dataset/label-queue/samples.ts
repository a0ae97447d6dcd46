import { z } from 'zod'
import { eventData } from '../../events/index.ts'
import type { ObjectStore } from '../../s3/index.ts'
import { type GatheredRecords, gatherRecords } from '../gathered.ts'
import { datasetKeys } from '../keys.ts'
import { type SampleRecord, sampleRecord } from '../records.ts'

/** What the queue has to know of a sample: a tenth of its record. */
const askedSample = sampleRecord
  .pick({ edge: true, device: true, band: true, audit: true, backbone: true, withPhoto: true })
  .extend({
    photo: eventData.sha256,
    mediaType: z.string(),
    /** Bytes. */
    size: z.number(),
    /** Whether it is of the fixed random share of all photos. */
    slice: z.boolean(),
    /** The label that the model gave it, and how sure it was, 0 to 1; null and 0 where it gave none. */
    predicted: z.string().nullable(),
    confidence: z.number(),
    /** The code of the reason why it is here. */
    why: z.string(),
  })
export type AskedSample = z.infer<typeof askedSample>

export function gatherSamples(store: ObjectStore, dataset: string): GatheredRecords<AskedSample> {
  const keys = datasetKeys(dataset)
  return gatherRecords({
    store,
    prefix: keys.samples,
    record: sampleRecord,
    keep: toAsk,
    kept: askedSample,
    gatheredAt: keys.gathered('samples'),
  })
}

function toAsk({ photo, prediction, reason, ...sample }: SampleRecord): AskedSample {
  const { edge, device, band, audit, slice = false, backbone, withPhoto } = sample
  return {
    ...{ photo: photo.hash, mediaType: photo.mediaType, size: photo.size },
    ...{ edge, device, band, audit, slice, backbone, withPhoto },
    predicted: prediction?.labels[0]?.label ?? null,
    confidence: prediction?.confidence ?? 0,
    why: reason.code,
  }
}
