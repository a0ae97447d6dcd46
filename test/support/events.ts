import { createHash } from 'node:crypto'
import { createEvent, type EdgeloopEvent, type EventData, type Sample } from '../../lib/events/index.ts'
import { encodeFloat16Base64 } from '../../lib/float16/index.ts'

/** Something that looks like a photo's hash, another one for each name. */
export function hashOf(name: string | number): string {
  return createHash('sha256').update(String(name)).digest('hex')
}

export const BACKBONE = hashOf('a backbone')

export function capturedEvent(photo: EventData<'photo.captured'>['photo']): EdgeloopEvent<'photo.captured'> {
  return createEvent('photo.captured', 'edges/edge-1/intake', [photo.hash], {
    edge: 'edge-1',
    device: 'camera-1',
    sequence: 1,
    photo,
  })
}

/** A photo that was classified as a cat. */
export function classified(
  name: string | number,
  confidence = 0.97,
  overrides: Partial<EventData<'photo.classified'>> = {}
): EventData<'photo.classified'> {
  return {
    edge: 'edge-1',
    device: 'camera-1',
    sequence: 1,
    photo: { hash: hashOf(name), size: 1000, mediaType: 'image/jpeg' },
    prediction: {
      model: { name: 'photos', version: 3 },
      labels: [
        { label: 'cat', score: confidence },
        { label: 'dog', score: 1 - confidence },
      ],
      confidence,
    },
    features: { backbone: BACKBONE, values: encodeFloat16Base64(Float32Array.of(0.5, -1, 2, 0)) },
    perceptualHash: '0123456789abcdef',
    thresholds: { accept: 0.95, audit: 0.03 },
    ...overrides,
  }
}

export function classifiedEvent(data: EventData<'photo.classified'>): EdgeloopEvent<'photo.classified'> {
  return createEvent('photo.classified', 'edges/edge-1/classify', [data.photo.hash], data)
}

/** What `filter-confidence` made of a photo. */
export function sampleOf(
  name: string | number,
  band: 'accept' | 'review',
  overrides: Partial<Sample> = {}
): Sample {
  const { thresholds: _thresholds, ...rest } = classified(name, band === 'accept' ? 0.97 : 0.6)
  const code = band === 'accept' ? ('confident' as const) : ('uncertain' as const)
  return {
    ...rest,
    band,
    audit: false,
    slice: false,
    reason: { code, text: code, numbers: {} },
    ...overrides,
  }
}

export function sampleEvent(data: Sample): EdgeloopEvent {
  const type = data.band === 'accept' ? 'sample.accepted' : 'sample.review'
  return createEvent(type, 'edges/edge-1/filter-confidence', [data.photo.hash], data)
}
