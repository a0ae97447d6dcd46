/**
 * Made-up samples for tests.
 * @module
 */
import { createHash } from 'node:crypto'
import type { Origin } from '../../lib/dataset/index.ts'
import { createRandom } from '../../lib/random/index.ts'
import type { Sample } from './sample.ts'

/** One normal cloud a label, `distance` apart along random directions, with features of very unequal scales. */
export function cloudSamples(options: {
  counts: Record<string, number>
  dimensions: number
  distance: number
  seed: number
  origin?: Origin
}): Sample[] {
  const { counts, dimensions, distance, origin = 'person' } = options
  const normal = createRandom(options.seed).normal
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
