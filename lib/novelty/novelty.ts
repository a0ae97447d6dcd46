/**
 * k nearest neighbours by cosine, around the mean of what is known. Features of one network share a large common part, which
 * hides how they differ: without it, a hundred known photos tell foreign ones apart better than a Mahalanobis distance does, and
 * so do twenty (`npm run bench decide`). The distance to the k-th neighbour in normalised features is that of Sun et al.,
 * "Out-of-Distribution Detection with Deep Nearest Neighbors" (ICML 2022).
 * @module
 */
import { EdgeloopError } from '../errors/index.ts'

/** How many of the nearest known photos count. */
export const NEIGHBOURS = 5

/** What a model knows, as its version carries it. */
export interface Novelty {
  /** D: the mean of the known photos' features. */
  centre: Float32Array
  /** N × D, row by row: where known photos lie from the centre. Each row has a scale of its own: only directions matter. */
  known: Int8Array
  /** M × D likewise: photos for which people said that they show none of the labels. */
  foreign: Int8Array
  /** Beyond this distance a photo is foreign, 0 to 2. */
  threshold: number
  /** How far photos of the labels usually are; null for models that were trained before this was kept. */
  usual: UsualDistance | null
}

/** The distances of the known photos, each measured as if that photo had never been seen. */
export interface UsualDistance {
  mean: number
  /** Their standard deviation. */
  deviation: number
  /** How many there were. */
  photos: number
}

/** What a model makes of a photo's features. */
export interface NoveltyScore {
  /** 1 − the mean cosine to the nearest known photos, 0 to 2. */
  distance: number
  /** The largest cosine to a known photo, −1 to 1. */
  known: number
  /** The largest cosine to one that people called foreign; null where there is none. */
  foreign: number | null
}

/** Scores photos by their D raw features. */
export type NoveltyScorer = (features: Float32Array) => NoveltyScore

/** The scorer throws EdgeloopError INVALID_INPUT when features are not as many as the model's. */
export function noveltyScorer({ centre, known, foreign }: Novelty): NoveltyScorer {
  const toKnown = cosinesTo(known, centre.length)
  const toForeign = cosinesTo(foreign, centre.length)
  return (features) => {
    if (features.length !== centre.length)
      throw new EdgeloopError(
        'INVALID_INPUT',
        `the model knows photos by ${centre.length} features, but was given ${features.length}`,
        { where: 'features', hint: 'compute them with the backbone that the model names in its manifest' }
      )
    const direction = directionFrom(centre, features)
    const nearest = toKnown(direction).sort().reverse()
    const others = toForeign(direction)
    return {
      distance: distanceOf(nearest),
      known: nearest[0]!,
      foreign: others.length > 0 ? Math.max(...others) : null,
    }
  }
}

/** @param cosines to the known photos, the largest first */
export function distanceOf(cosines: Float64Array): number {
  const nearest = cosines.subarray(0, NEIGHBOURS)
  return 1 - nearest.reduce((sum, each) => sum + each, 0) / nearest.length
}

/** Where a photo lies from the centre, as a vector of length 1; zeros for the centre itself. */
export function directionFrom(centre: ArrayLike<number>, features: ArrayLike<number>): Float32Array {
  const direction = new Float32Array(features.length)
  for (let d = 0; d < direction.length; d++) direction[d] = features[d]! - centre[d]!
  const length = lengthOf(direction)
  if (length > 0) for (let d = 0; d < direction.length; d++) direction[d]! /= length
  return direction
}

function lengthOf(row: ArrayLike<number>): number {
  let squares = 0
  for (let d = 0; d < row.length; d++) squares += row[d]! * row[d]!
  return Math.sqrt(squares)
}

/** The cosines of a direction of length 1 to each row. */
function cosinesTo(rows: Int8Array, dimensions: number): (direction: Float32Array) => Float64Array {
  const count = rows.length / dimensions
  const lengths = Float64Array.from({ length: count }, (_, i) =>
    lengthOf(rows.subarray(i * dimensions, (i + 1) * dimensions))
  )
  return (direction) =>
    lengths.map((length, i) => {
      let sum = 0
      for (let d = 0, at = i * dimensions; d < dimensions; d++, at++) sum += rows[at]! * direction[d]!
      return length > 0 ? sum / length : 0
    })
}
