import type { Head } from '../../lib/head/index.ts'
import { createRandom } from '../../lib/random/index.ts'

/** A head that takes `dimensions` features; what it answers depends on the seed. */
export function seededHead(labels: string[], seed: number | string, dimensions = 1280): Head {
  const random = createRandom(`head ${seed}`)
  return {
    labels,
    weights: Float32Array.from({ length: labels.length * dimensions }, () => random.normal(0, 0.05)),
    bias: new Float32Array(labels.length),
    mean: new Float32Array(dimensions),
    scale: new Float32Array(dimensions).fill(1),
    temperature: 1,
  }
}
