/**
 * The trained head: one linear layer on the frozen backbone's features, with a temperature that calibrates it.
 * @module
 */
import { EdgeloopError } from '../errors/index.ts'

/**
 * K labels on D features. `weights` and `bias` apply to features as the backbone gives them: the standardising of
 * training is folded in, so that an answer costs one matrix product. `mean` and `scale` say what was folded: a warm
 * start and distances between photos need them.
 */
export interface Head {
  /** K ≥ 2 distinct labels; row k of `weights` belongs to `labels[k]`. */
  labels: string[]
  /** K × D, row by row, for raw features. */
  weights: Float32Array
  /** K, for raw features. */
  bias: Float32Array
  /** D: each feature's mean over the training samples. */
  mean: Float32Array
  /** D: each feature's shrunken standard deviation, > 0. */
  scale: Float32Array
  /** What logits are divided by before the softmax, > 0. Above 1 it makes answers less sure. */
  temperature: number
}

/** A label with its calibrated probability, 0…1. */
export interface Score {
  label: string
  score: number
}

/**
 * The K logits, before the temperature, for D features of one photo.
 * @throws EdgeloopError INVALID_INPUT when the number of features is not the head's.
 */
export function predictLogits(head: Head, features: Float32Array): Float32Array {
  const dimensions = head.mean.length
  if (features.length !== dimensions) {
    throw new EdgeloopError(
      'INVALID_INPUT',
      `The head takes ${dimensions} features, but it was given ${features.length}.`,
      {
        where: 'features',
        hint: 'Compute the features with the backbone that the model names in its manifest.',
      }
    )
  }
  const { weights, bias } = head
  const logits = new Float32Array(bias.length)
  for (let k = 0; k < logits.length; k++) {
    const row = k * dimensions
    let sum = bias[k]!
    for (let d = 0; d < dimensions; d++) sum += weights[row + d]! * features[d]!
    logits[k] = sum
  }
  return logits
}

/** K calibrated probabilities, in the order of `head.labels`, that sum to 1. Throws as `predictLogits` does. */
export function predictScores(head: Head, features: Float32Array): Float32Array {
  return softmax(predictLogits(head, features), head.temperature)
}

/** softmax(logits / temperature), computed so that no finite logits overflow. */
export function softmax(logits: ArrayLike<number>, temperature = 1): Float32Array {
  const scores = new Float32Array(logits.length)
  let top = Number.NEGATIVE_INFINITY
  for (let k = 0; k < logits.length; k++) top = Math.max(top, logits[k]!)
  let sum = 0
  for (let k = 0; k < logits.length; k++) sum += Math.exp((logits[k]! - top) / temperature)
  for (let k = 0; k < logits.length; k++) scores[k] = Math.exp((logits[k]! - top) / temperature) / sum
  return scores
}

/** Labels with their scores, the surest first; equal scores keep the order of `labels`. */
export function rankScores(labels: readonly string[], scores: ArrayLike<number>): Score[] {
  return labels.map((label, k) => ({ label, score: scores[k]! })).sort((a, b) => b.score - a.score)
}
