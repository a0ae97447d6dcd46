import type { SampleUpload, sampleStore } from '../../lib/dataset/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { createEvent, type EdgeloopEvent, type Sample, wantsPhoto } from '../../lib/events/index.ts'
import { fetchPhoto } from '../../lib/photo/index.ts'
import { readFeatures } from './read-features.ts'

/** Where samples go. */
interface Destination {
  dataset: string
  samples: ReturnType<typeof sampleStore>
}

/**
 * Puts a sample into the bucket, with its photo where the policy wants that.
 *
 * @throws EdgeloopError INVALID_INPUT where there is nothing to learn from, or what `fetchPhoto` and the bucket throw
 */
export async function uploadSample(
  data: Sample,
  { dataset, samples }: Destination,
  signal: AbortSignal
): Promise<EdgeloopEvent<'sample.uploaded'>> {
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
  const sample: SampleUpload = {
    record: { ...rest, photo, band: kept, backbone: features?.backbone ?? null, withPhoto: body !== null },
    features: values,
    photo: body,
  }
  // Whoever no longer waits for a slow line comes again: one of the two is enough.
  const { record, bytes } = await samples.put(sample, { signal })
  const { edge, device, sequence } = data
  const source = `edges/${edge}/upload-sample`
  // What the cloud holds, which is not what was just sent where another edge was first.
  const stands = { band: record.band, withPhoto: record.withPhoto }
  const outcome = { edge, device, sequence, photo, dataset, bytes, ...stands }
  return createEvent('sample.uploaded', source, [photo.hash], outcome)
}
