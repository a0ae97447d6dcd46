/**
 * Calibration by one temperature.
 * @module
 */

/** A normal prior on log T. */
export interface TemperaturePrior {
  /** The median of T. */
  centre: number
  /** Standard deviation of log T: the smaller, the more answers it takes to move T. */
  spread: number
}

const LOWEST = Math.log(0.02)
const HIGHEST = Math.log(50)
const GOLDEN = (Math.sqrt(5) - 1) / 2

/**
 * The T that minimises Σ weightᵢ·(−log softmax(logitsᵢ/T)[targetᵢ]) + (log T − log centre)²/(2·spread²), to four
 * digits: a maximum a posteriori estimate. Without logits it is the prior's centre.
 * @param logits N rows of K logits that come from models that did not see the row
 */
export function fitTemperature(
  logits: readonly ArrayLike<number>[],
  targets: ArrayLike<number>,
  weights: ArrayLike<number>,
  prior: TemperaturePrior
): number {
  const cost = (logT: number): number => {
    const deviation = (logT - Math.log(prior.centre)) / prior.spread
    let sum = (deviation * deviation) / 2
    for (let i = 0; i < logits.length; i++) {
      if (weights[i]! > 0) sum += weights[i]! * negativeLogLikelihood(logits[i]!, targets[i]!, Math.exp(logT))
    }
    return sum
  }
  // Golden-section search: each step keeps the lower of two inner points.
  let low = LOWEST
  let high = HIGHEST
  let left = high - GOLDEN * (high - low)
  let right = low + GOLDEN * (high - low)
  let atLeft = cost(left)
  let atRight = cost(right)
  while (high - low > 1e-5) {
    if (atLeft <= atRight) {
      high = right
      right = left
      atRight = atLeft
      left = high - GOLDEN * (high - low)
      atLeft = cost(left)
    } else {
      low = left
      left = right
      atLeft = atRight
      right = low + GOLDEN * (high - low)
      atRight = cost(right)
    }
  }
  return Math.exp((low + high) / 2)
}

/** −log softmax(logits/T)[target], in nats. */
export function negativeLogLikelihood(
  logits: ArrayLike<number>,
  target: number,
  temperature: number
): number {
  let top = Number.NEGATIVE_INFINITY
  for (let k = 0; k < logits.length; k++) top = Math.max(top, logits[k]!)
  let sum = 0
  for (let k = 0; k < logits.length; k++) sum += Math.exp((logits[k]! - top) / temperature)
  return Math.log(sum) - (logits[target]! - top) / temperature
}
