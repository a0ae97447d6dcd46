/**
 * L2-regularised logistic regression for two or more classes.
 * @module
 */
import { accumulateBlock, BLOCK, dotBlock } from './blocks.ts'
import { minimise, type Objective } from './lbfgs.ts'
import type { FeatureScale } from './scale.ts'

/** Inverse strength of the regularisation, in scikit-learn's sense. */
export const DEFAULT_C = 0.1

export interface LogisticProblem extends FeatureScale {
  /** N rows of D raw features. */
  rows: readonly Float32Array[]
  /** N class indices, 0…K−1. */
  targets: Int32Array
  /** N weights ≥ 0 of the samples' losses. */
  weights: Float64Array
  /** K ≥ 2 */
  classes: number
  c?: number
  /** How exact the solution must be: see `minimise`. 1e-3 leaves logits within about 0.001, measured. */
  tolerance?: number
}

/** A linear layer on raw features: logits = weights · x + bias. */
export interface Linear {
  /** K × D, row by row. */
  weights: Float64Array
  /** K */
  bias: Float64Array
}

export interface LogisticFit extends Linear {
  /** The solver's own variables: a warm start for a problem with the same classes, features and scale. */
  solution: Float64Array
  iterations: number
  converged: boolean
}

/**
 * Minimises ½‖w‖² + C·Σ weightᵢ·lossᵢ over standardised features (x − mean)/scale, the bias unpenalised: what
 * scikit-learn's `LogisticRegression` minimises. As there, two classes have one weight vector (that of the second
 * class against the first), more classes have one each, with the softmax's loss.
 * @param start A warm start: an earlier `solution`.
 */
export function fitLogistic(problem: LogisticProblem, start?: Float64Array): LogisticFit {
  const { mean, scale, classes, tolerance = 1e-4 } = problem
  const dimensions = mean.length
  const vectors = classes === 2 ? 1 : classes
  const size = vectors * (dimensions + 1)
  const { point, iterations, converged } = minimise(
    logisticObjective(problem),
    start?.length === size ? start : new Float64Array(size),
    { tolerance }
  )
  const weights = new Float64Array(classes * dimensions)
  const bias = new Float64Array(classes)
  for (let v = 0; v < vectors; v++) {
    const k = classes === 2 ? 1 : v
    bias[k] = point[vectors * dimensions + v]!
    for (let d = 0; d < dimensions; d++) {
      const weight = point[v * dimensions + d]! / scale[d]!
      weights[k * dimensions + d] = weight
      bias[k]! -= weight * mean[d]!
    }
  }
  return { weights, bias, solution: point, iterations, converged }
}

/**
 * The function that `fitLogistic` minimises. A point holds the weight vectors one after the other (each D numbers, for
 * standardised features), then their biases. Rows are read where they are, raw: standardising is done on the D weights
 * and gradients instead of on N × D features.
 */
export function logisticObjective(problem: LogisticProblem): Objective {
  const { rows, targets, weights, mean, scale, classes, c = DEFAULT_C } = problem
  const dimensions = mean.length
  const vectors = classes === 2 ? 1 : classes
  const raw = Array.from({ length: vectors }, () => new Float64Array(dimensions))
  const sums = Array.from({ length: vectors }, () => new Float64Array(dimensions))
  const bias = new Float64Array(vectors)
  /** Of a block of rows: first logits, then the loss's derivatives by them. */
  const residuals = Array.from({ length: vectors }, () => new Float64Array(BLOCK))
  const block: Float32Array[] = []
  const used = Uint32Array.from(rows.keys()).filter((i) => weights[i]! > 0)
  const totals = new Float64Array(vectors)

  return (point, gradient) => {
    let penalty = 0
    for (let v = 0; v < vectors; v++) {
      const vector = raw[v]!
      bias[v] = point[vectors * dimensions + v]!
      for (let d = 0; d < dimensions; d++) {
        const weight = point[v * dimensions + d]!
        penalty += weight * weight
        vector[d] = weight / scale[d]!
        bias[v]! -= vector[d]! * mean[d]!
      }
      sums[v]!.fill(0)
    }
    totals.fill(0)

    let loss = 0
    for (let first = 0; first < used.length; first += BLOCK) {
      const count = Math.min(BLOCK, used.length - first)
      for (let j = 0; j < BLOCK; j++) block[j] = rows[used[first + Math.min(j, count - 1)]!]!
      for (let v = 0; v < vectors; v++) dotBlock(raw[v]!, block, bias[v]!, residuals[v]!)
      for (let j = 0; j < BLOCK; j++) {
        const i = used[first + Math.min(j, count - 1)]!
        const weight = j < count ? weights[i]! : 0
        loss +=
          weight *
          (vectors === 1 ? binaryLoss(residuals[0]!, j, targets[i]!) : softmaxLoss(residuals, j, targets[i]!))
        for (let v = 0; v < vectors; v++) {
          residuals[v]![j]! *= weight
          totals[v]! += residuals[v]![j]!
        }
      }
      for (let v = 0; v < vectors; v++) accumulateBlock(sums[v]!, block, residuals[v]!)
    }

    for (let v = 0; v < vectors; v++) {
      const sum = sums[v]!
      const total = totals[v]!
      gradient[vectors * dimensions + v] = c * total
      for (let d = 0; d < dimensions; d++) {
        const at = v * dimensions + d
        gradient[at] = point[at]! + (c * (sum[d]! - total * mean[d]!)) / scale[d]!
      }
    }
    return penalty / 2 + c * loss
  }
}

/** log(1 + e^∓z) of the logit `z[j]`, which becomes the loss's derivative. */
function binaryLoss(z: Float64Array, j: number, target: number): number {
  const logit = z[j]!
  const tail = Math.exp(-Math.abs(logit))
  const positive = logit >= 0 ? 1 / (1 + tail) : tail / (1 + tail)
  z[j] = positive - target
  return Math.log1p(tail) + Math.max(target === 1 ? -logit : logit, 0)
}

/** −log softmax(z)[target] of the logits `z[0…][j]`, which become the loss's derivatives. */
function softmaxLoss(z: readonly Float64Array[], j: number, target: number): number {
  let top = z[0]![j]!
  for (let k = 1; k < z.length; k++) top = Math.max(top, z[k]![j]!)
  const own = z[target]![j]! - top
  let sum = 0
  for (let k = 0; k < z.length; k++) {
    z[k]![j] = Math.exp(z[k]![j]! - top)
    sum += z[k]![j]!
  }
  for (let k = 0; k < z.length; k++) z[k]![j]! /= sum
  z[target]![j]! -= 1
  return Math.log(sum) - own
}
