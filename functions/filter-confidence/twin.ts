import type { EventData, Neighbour } from '../../lib/events/index.ts'

/**
 * What shows the same picture as another photo. Measured on 743 photos of pets and 1,674 copies of them that were cut, moved, lit,
 * blurred, scaled and encoded otherwise (`npm run bench decide`): laid over each other, all but one copy agree by 0.65, while
 * of the others two pairs do, each taken in one session.
 */
const SAME_PICTURE_ALIGNMENT = 0.65
/** The features must agree, too: a small animal in front of a still camera changes few edges, but what the network sees. */
const SAME_PICTURE_SIMILARITY = 0.65
/** Within 8 of 64 bits of the perceptual hash: no two of those photos are closer than 12. */
const SAME_PICTURE_BITS = 8
/** Without thumbnails, within 10 bits when the features agree as well as this. */
const SIMILAR_PICTURE_BITS = 10
const SIMILAR_FEATURES = 0.95

/** The photo that was decided on earlier and shows the same; the one that agrees best where there are several. */
export function twinOf({ photo, neighbours = [] }: EventData<'photo.classified'>): Neighbour | undefined {
  return neighbours
    .filter((other) => other.photo !== photo.hash && isTwin(other))
    .toSorted(
      (a, b) => agreement(b) - agreement(a) || a.distance - b.distance || (a.photo < b.photo ? -1 : 1)
    )[0]
}

function isTwin({ distance, similarity, alignment }: Neighbour): boolean {
  if (similarity === undefined) return distance <= SAME_PICTURE_BITS
  if (similarity < SAME_PICTURE_SIMILARITY) return false
  if (distance <= SAME_PICTURE_BITS || (alignment ?? 0) >= SAME_PICTURE_ALIGNMENT) return true
  return distance <= SIMILAR_PICTURE_BITS && similarity >= SIMILAR_FEATURES
}

const agreement = ({ alignment }: Neighbour) => alignment ?? 0
