import type { Head } from '../../lib/head/index.ts'
import { mean } from '../mean.ts'

/** How good a model is on photos that it never saw. */
export interface Standing {
  accuracy: number
  /** The mean of the labels' accuracies. */
  balancedAccuracy: number
  /** In nats. */
  logLoss: number
  /** The same at the temperature that is best for these very photos. */
  bestLogLoss: number
}

/** No photo may outweigh the others without bound. */
const LEAST = 1e-6

/**
 * @param truths N indices of labels
 * @param rows N rows of calibrated scores
 */
export function standing(truths: readonly number[], rows: readonly Float32Array[], head: Head): Standing {
  const right = truths.map((truth, i) =>
    Number(rows[i]!.every((score, k) => k === truth || score < rows[i]![truth]!))
  )
  const byLabel = head.labels.map((_, k) => mean(right.filter((_, i) => truths[i] === k)))
  const logLoss = (power: number) =>
    mean(truths.map((truth, i) => -Math.log(Math.max(scaled(rows[i]!, power)[truth]!, LEAST))))
  return {
    accuracy: mean(right),
    balancedAccuracy: mean(byLabel),
    logLoss: logLoss(1),
    bestLogLoss: Math.min(...POWERS.map(logLoss)),
  }
}

/** Temperatures from 0.2 to 5 times the model's own. */
const POWERS = Array.from({ length: 65 }, (_, i) => 5 ** ((i - 32) / 32))

/** Scores at another temperature: softmax(log p · power). */
function scaled(row: Float32Array, power: number): number[] {
  const powers = Array.from(row, (score) => Math.max(score, LEAST) ** power)
  const sum = powers.reduce((total, each) => total + each, 0)
  return powers.map((each) => each / sum)
}
