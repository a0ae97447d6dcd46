import { createHash } from 'node:crypto'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { EventData, Neighbour, Sample } from '../../lib/events/index.ts'

type Classified = EventData<'photo.classified'>
export type Decision = Pick<Sample, 'band' | 'audit' | 'reason'>

/**
 * Two photos this close show the same scene: within 8 of 64 bits of the perceptual hash, or within 10 bits when the
 * backbone's features agree as well. Of 743 distinct pet photos no pair is closer than 12 bits, while re-encoded and
 * re-exposed copies stay within 8.
 */
const SAME_PICTURE_BITS = 8
const SIMILAR_PICTURE_BITS = 10
const SIMILAR_FEATURES = 0.95

/**
 * Decides what a photo is worth: unreadable ones and near duplicates are rejected, confident ones accepted as
 * pseudo-labels, and the uncertain ones, with a small audited share of the confident, go to a person.
 * The same photo and model version always get the same decision.
 *
 * @throws EdgeloopError INVALID_INPUT for a prediction without its model's thresholds
 */
export function decide(classified: Classified): Decision {
  const { prediction, thresholds } = classified
  if (!prediction)
    return {
      band: 'reject',
      audit: false,
      reason: {
        code: 'unreadable',
        text: classified.unreadable ?? 'the photo could not be classified',
        numbers: {},
      },
    }

  // Nothing is wrong with the photo: to reject it as unreadable would lose it without a word.
  if (!thresholds)
    throw new EdgeloopError('INVALID_INPUT', 'the prediction came without the thresholds of its model', {
      where: 'data.thresholds',
      hint: "send photo.classified as classify answers it: thresholds are in the model's manifest",
    })

  const twin = closest(classified.neighbours?.filter((other) => isTwin(other, classified)))
  if (twin)
    return {
      band: 'reject',
      audit: false,
      reason: {
        code: 'duplicate',
        text: `shows the same as photo ${twin.photo.slice(0, 12)}, which was decided earlier`,
        numbers: {
          photo: twin.photo,
          distance: twin.distance,
          ...(twin.similarity === undefined ? {} : { similarity: twin.similarity }),
        },
      },
    }

  const { confidence } = prediction
  const numbers = { confidence, accept: thresholds.accept }
  const sure = `${percent(confidence)} sure of ${prediction.labels[0]!.label}`
  if (confidence < thresholds.accept)
    return {
      band: 'review',
      audit: false,
      reason: {
        code: 'uncertain',
        text: `${sure}, below the ${percent(thresholds.accept)} of this model`,
        numbers,
      },
    }
  const draw = auditDraw(classified.photo.hash, prediction.model.version)
  if (draw < thresholds.audit)
    return {
      band: 'review',
      audit: true,
      reason: {
        code: 'audit',
        text: `${sure}, and drawn for a person to check`,
        numbers: { ...numbers, draw, audit: thresholds.audit },
      },
    }
  return {
    band: 'accept',
    audit: false,
    reason: { code: 'confident', text: sure, numbers },
  }
}

/** Whether it is another photo of the same picture. */
function isTwin({ photo, distance, similarity }: Neighbour, classified: Classified): boolean {
  if (photo === classified.photo.hash) return false
  if (distance <= SAME_PICTURE_BITS) return true
  return distance <= SIMILAR_PICTURE_BITS && (similarity ?? 0) >= SIMILAR_FEATURES
}

function closest(neighbours: Neighbour[] = []): Neighbour | undefined {
  return neighbours.toSorted((a, b) => a.distance - b.distance || (a.photo < b.photo ? -1 : 1))[0]
}

/** Rounded down, so that nobody reads that 95 % are below 95 %, or that a model is 100 % sure. */
function percent(share: number): string {
  return `${Math.floor(share * 1000 + 1e-6) / 10} %`
}

/** A number in [0, 1) that depends on nothing but photo and model version, so that nobody can steer who is audited. */
function auditDraw(photo: string, version: number): number {
  return createHash('sha256').update(`audit\n${photo}\n${version}`).digest().readUInt32BE() / 2 ** 32
}
