/**
 * What a training run learns from.
 * @module
 */

import type { Origin } from '../../lib/dataset/index.ts'

export interface Sample {
  /** SHA-256 of the photo, hex. */
  hash: string
  /** D raw features of the backbone. */
  features: Float32Array
  label: string
  origin: Origin
  /** ≥ 0, 1 for an ordinary sample; multiplied with the weight of its origin. */
  weight: number
}
