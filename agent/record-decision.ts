import type { EdgeloopEvent, EventData, Uplink } from '../lib/events/index.ts'
import type { DecisionIndex } from './decision-index/index.ts'
import type { LabelBook } from './labelling/index.ts'
import { sampleSize } from './upload-size.ts'

const OUTCOMES = { accept: 'accepted', review: 'review', reject: 'rejected' } as const

/** Inside a transaction: writes down what an event decides about a photo, and what people are to be asked because of it. */
export function recordDecision(
  { decisions, book, uplink }: { decisions: DecisionIndex; book: LabelBook; uplink: Uplink },
  event: EdgeloopEvent
): void {
  switch (event.type) {
    case 'sample.accepted':
    case 'sample.review':
    case 'sample.rejected': {
      const { first, decision } = decisions.recordSync(decisionOf(event.data, uplink))
      if (first && decision.outcome === 'review') book.askSync(questionOf(event.data))
      break
    }
    case 'label.uploaded':
      // Somebody in the cloud may have answered meanwhile, too.
      book.learnSync(event.data.photo, event.data.answers)
      break
    case 'sample.uploaded':
      decisions.uploadedSync(event.data.photo.hash, event.data.bytes, event.data.withPhoto)
      break
  }
}

/** The function without which a photo gets no further; others may listen, and refuse, without deciding anything. */
const DECIDERS: Partial<Record<EdgeloopEvent['type'], string>> = {
  'photo.captured': 'classify',
  'photo.classified': 'filter-confidence',
}

/** Whether a dead letter of this function means that the photo gets no further. */
export function isEndOfPhoto(event: EdgeloopEvent, subscriber: string): boolean {
  return DECIDERS[event.type] === subscriber
}

/** Inside a transaction: a photo whose event no function will ever take has its outcome, too. */
export function recordDeadLetter(decisions: DecisionIndex, event: EdgeloopEvent, why: string): void {
  if (event.type !== 'photo.captured' && event.type !== 'photo.classified') return
  decisions.recordSync({
    photo: event.data.photo.hash,
    perceptualHash: null,
    features: null,
    outcome: 'dead',
    reason: why,
    modelVersion: null,
    audit: false,
  })
}

function questionOf({
  photo: { hash, mediaType, size },
  edge,
  device,
  audit,
  slice,
  prediction,
}: EventData<'sample.review'>): Parameters<LabelBook['askSync']>[0] {
  return { photo: hash, mediaType, size, edge, device, audit, slice, prediction }
}

function decisionOf(
  data: EventData<'sample.accepted'>,
  uplink: Uplink
): Parameters<DecisionIndex['recordSync']>[0] {
  const { photo, perceptualHash, features, thumbnail, band, reason, prediction, audit } = data
  return {
    photo: photo.hash,
    perceptualHash,
    features: features && Buffer.from(features.values, 'base64'),
    backbone: features?.backbone ?? null,
    thumbnail: thumbnail ? Buffer.from(thumbnail, 'base64') : null,
    label: prediction?.labels[0]?.label ?? null,
    outcome: OUTCOMES[band],
    reason: reason.text,
    code: reason.code,
    numbers: reason.numbers,
    modelVersion: prediction?.model.version ?? null,
    audit,
    bytesBooked: sampleSize(data, uplink),
  }
}
