/**
 * What a training run learns from.
 * @module
 */

/** Who said so: the first labels, a person asked because the model was unsure, an audit answer, the model itself. */
export type Origin = 'seed' | 'person' | 'audit' | 'pseudo'

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
