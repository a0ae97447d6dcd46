/**
 * Made-up samples for tests.
 * @module
 */
import { createHash } from 'node:crypto'
import type { Origin, Sample } from './sample.ts'

/** Uniform numbers in [0, 1), repeatable (a linear congruential generator with the constants of Numerical Recipes). */
export function createRandom(seed: number): () => number {
  let state = (Math.imul(seed, 2654435761) + 12345) >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Standard normal numbers by Box and Muller's transform. */
export function createNormal(seed: number): () => number {
  const random = createRandom(seed)
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** One normal cloud a label, `distance` apart along random directions, with features of very unequal scales. */
export function cloudSamples(options: {
  counts: Record<string, number>
  dimensions: number
  distance: number
  seed: number
  origin?: Origin
}): Sample[] {
  const { counts, dimensions, distance, origin = 'person' } = options
  const normal = createNormal(options.seed)
  const scales = Float64Array.from({ length: dimensions }, () => Math.exp(normal()))
  const step = distance / Math.sqrt(2 * dimensions)
  return Object.entries(counts).flatMap(([label, count]) => {
    const centre = Float64Array.from({ length: dimensions }, () => step * normal())
    return Array.from({ length: count }, (_, i) => ({
      hash: createHash('sha256').update(`${options.seed}/${origin}/${label}/${i}`).digest('hex'),
      features: Float32Array.from(centre, (value, d) => scales[d]! * (3 + value + normal())),
      label,
      origin,
      weight: 1,
    }))
  })
}
