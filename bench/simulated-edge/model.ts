import filterConfidence from '../../functions/filter-confidence/handler.ts'
import {
  createEvent,
  type EventData,
  eventRequest,
  readEventResponse,
  type Sample,
  type Thresholds,
} from '../../lib/events/index.ts'
import { type Head, predictScores, rankScores } from '../../lib/head/index.ts'
import { type NoveltyScorer, noveltyScorer, type UsualDistance } from '../../lib/novelty/index.ts'
import { fitHead, fitKnown } from '../../trainer/fit/index.ts'
import { thresholdsFor } from '../../trainer/job/thresholds.ts'
import type { Look } from './look.ts'

export interface LabelledLook extends Look {
  label: string
  name: string
}

/** A model as a training run makes it. */
export interface Model {
  head: Head
  score: NoveltyScorer
  threshold: number
  /** How far photos usually are; null while too few are known. */
  usual: UsualDistance | null
  thresholds: Thresholds
}

export async function train(
  photos: readonly LabelledLook[],
  seed: number,
  foreign: readonly Look[] = []
): Promise<Model> {
  const samples = photos.map(({ photo, features, label }) => ({
    ...{ hash: photo.hash, features, label },
    origin: 'person' as const,
    weight: 1,
  }))
  const labels = [...new Set(photos.map(({ label }) => label))].sort()
  const { head, outOfFold } = await fitHead({ samples, labels, seed })
  const negatives = foreign.map(({ photo, features }) => ({ hash: photo.hash, features }))
  const novelty = fitKnown(samples, negatives, seed)!
  const thresholds = thresholdsFor(labels, samples, [...outOfFold.values()])
  return {
    head,
    score: noveltyScorer(novelty),
    threshold: novelty.threshold,
    usual: novelty.usual,
    thresholds,
  }
}

/** Thresholds by which nothing is drawn for people, and there is enough of nothing: what would be a pseudo-label is one. */
export const UNDRAWN = { audit: 0, slice: 0, foreign: 0, perLabel: undefined }

/** What `classify` says of it. */
export function classified(
  { head, score, threshold, thresholds }: Model,
  { photo, features, encoded, perceptualHash, thumbnail }: Look,
  overrides: Partial<Thresholds> = {},
  sequence = 1
): EventData<'photo.classified'> {
  const labels = rankScores(head.labels, predictScores(head, features))
  return {
    ...{ edge: 'edge-1', device: 'camera', sequence, photo, perceptualHash, thumbnail },
    thresholds: { ...thresholds, ...overrides },
    prediction: { model: { name: 'photos', version: 1 }, labels, confidence: labels[0]!.score },
    features: encoded,
    novelty: { ...score(features), threshold },
  }
}

/** What `filter-confidence` answers. */
export async function decide(data: EventData<'photo.classified'>): Promise<Sample> {
  const event = createEvent('photo.classified', 'bench', [data.photo.hash], data)
  const response = await filterConfidence.fetch(eventRequest('http://function/', event))
  if (!response.ok) throw new Error(`filter-confidence answered ${response.status}: ${await response.text()}`)
  return (await readEventResponse(response))!.data as Sample
}
