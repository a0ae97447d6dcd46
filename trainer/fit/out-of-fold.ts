/**
 * What models say about samples that they were not trained on.
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import { stratifiedFolds } from './folds.ts'
import { fitLogistic, type Linear, type LogisticProblem } from './logistic.ts'
import { balanceClasses } from './weights.ts'

/** Held-out logits of several units are then right to about 0.01, all that calibration needs, in half the time. */
const TOLERANCE = 1e-2

export interface OutOfFold {
  /** Indices of the rows that were held out once. */
  indices: number[]
  /** K logits for each of them, from the model of the other folds. */
  logits: Float64Array[]
}

/**
 * Trains one model per fold and applies it to the fold held out. The problem's weights are those before balancing;
 * each fold balances its own. Rows are dealt in the order in which they stand, so shuffle them first.
 */
export async function outOfFoldLogits(
  problem: LogisticProblem,
  folds: number,
  onFold: (done: number) => void = () => {}
): Promise<OutOfFold> {
  const assigned = stratifiedFolds(problem.targets, problem.classes, folds)
  const indices: number[] = []
  const logits: Float64Array[] = []
  for (let fold = 0; fold < folds; fold++) {
    if (assigned.includes(fold)) {
      const kept = problem.weights.map((weight, i) => (assigned[i] === fold ? 0 : weight))
      const weights = balanceClasses(kept, problem.targets, problem.classes)
      const fit = fitLogistic({ ...problem, weights, tolerance: TOLERANCE })
      for (let i = 0; i < assigned.length; i++) {
        if (assigned[i] !== fold) continue
        indices.push(i)
        logits.push(linearLogits(fit, problem.rows[i]!))
      }
    }
    onFold(fold + 1)
    await setImmediate()
  }
  return { indices, logits }
}

/** weights · features + bias, in double precision. */
export function linearLogits({ weights, bias }: Linear, features: Float32Array): Float64Array {
  const logits = Float64Array.from(bias)
  for (let k = 0; k < bias.length; k++) {
    const row = k * features.length
    for (let d = 0; d < features.length; d++) logits[k]! += weights[row + d]! * features[d]!
  }
  return logits
}
