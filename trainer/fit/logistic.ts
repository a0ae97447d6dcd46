/**
 * L2-regularised logistic regression for two or more classes.
 * @module
 */
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
  const { mean, scale, classes } = problem
  const dimensions = mean.length
  const vectors = classes === 2 ? 1 : classes
  const size = vectors * (dimensions + 1)
  const { point, iterations, converged } = minimise(
    logisticObjective(problem),
    start?.length === size ? start : new Float64Array(size)
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
  const residuals = new Float64Array(vectors)
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
    for (let i = 0; i < rows.length; i++) {
      const weight = weights[i]!
      if (weight === 0) continue
      const row = rows[i]!
      for (let v = 0; v < vectors; v++) residuals[v] = bias[v]! + dot(raw[v]!, row)
      loss +=
        weight * (vectors === 1 ? binaryLoss(residuals, targets[i]!) : softmaxLoss(residuals, targets[i]!))
      for (let v = 0; v < vectors; v++) {
        const residual = weight * residuals[v]!
        totals[v]! += residual
        accumulate(sums[v]!, residual, row)
      }
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

/** log(1 + e^∓z); turns the logit in `z[0]` into the loss's derivative. */
function binaryLoss(z: Float64Array, target: number): number {
  const logit = z[0]!
  const tail = Math.exp(-Math.abs(logit))
  const positive = logit >= 0 ? 1 / (1 + tail) : tail / (1 + tail)
  z[0] = positive - target
  return Math.log1p(tail) + Math.max(target === 1 ? -logit : logit, 0)
}

/** −log softmax(z)[target]; turns the logits in `z` into the loss's derivatives. */
function softmaxLoss(z: Float64Array, target: number): number {
  let top = z[0]!
  for (let k = 1; k < z.length; k++) top = Math.max(top, z[k]!)
  const own = z[target]! - top
  let sum = 0
  for (let k = 0; k < z.length; k++) {
    z[k] = Math.exp(z[k]! - top)
    sum += z[k]!
  }
  for (let k = 0; k < z.length; k++) z[k]! /= sum
  z[target]! -= 1
  return Math.log(sum) - own
}

/** Four sums at once, so that additions need not wait for each other. */
function dot(a: Float64Array, b: Float32Array): number {
  const end = a.length - (a.length % 4)
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  for (let d = 0; d < end; d += 4) {
    s0 += a[d]! * b[d]!
    s1 += a[d + 1]! * b[d + 1]!
    s2 += a[d + 2]! * b[d + 2]!
    s3 += a[d + 3]! * b[d + 3]!
  }
  for (let d = end; d < a.length; d++) s0 += a[d]! * b[d]!
  return s0 + s1 + (s2 + s3)
}

function accumulate(target: Float64Array, factor: number, row: Float32Array): void {
  for (let d = 0; d < target.length; d++) target[d]! += factor * row[d]!
}
