/**
 * From labelled features to a calibrated head.
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import type { Origin } from '../../lib/dataset/index.ts'
import { type Head, softmax } from '../../lib/head/index.ts'
import { fitLogistic, type LogisticProblem } from './logistic.ts'
import { measure } from './metrics.ts'
import { outOfFoldLogits } from './out-of-fold.ts'
import { FIT_DEFAULTS, type FitParameters } from './parameters.ts'
import { describeSamples, type FitReport } from './report.ts'
import type { Sample } from './sample.ts'
import { measureScale } from './scale.ts'
import { selectSamples } from './select.ts'
import { fitTemperature } from './temperature.ts'
import { balanceClasses } from './weights.ts'

export interface FitProgress {
  step: 'scale' | 'fit' | 'out-of-fold' | 'calibrate'
  /** Steps done of `total`. */
  done: number
  total: number
}

export interface FitRequest {
  samples: readonly Sample[]
  labels: readonly string[]
  seed: number
  parameters?: Partial<FitParameters>
  onProgress?: (progress: FitProgress) => void
}

export interface Fit {
  head: Head
  report: FitReport
  /**
   * The probability of the label that a sample was given, by photo: calibrated, and from a model that did not see it.
   * Photos whose label no other one has are not in it.
   */
  outOfFold: Map<string, number>
}

/**
 * Trains a head: shrunken scales, class-balanced L2 logistic regression, a temperature from out-of-fold logits. The
 * same samples and seed give the same head, bit by bit, in whatever order the samples come.
 * @throws EdgeloopError INVALID_INPUT when labels or samples are missing or malformed, with what is missing
 */
export async function fitHead(request: FitRequest): Promise<Fit> {
  const { labels, seed, onProgress = () => {} } = request
  const parameters = { ...FIT_DEFAULTS, ...request.parameters }
  const { c, originWeights, calibrationWeights, folds } = parameters
  const started = performance.now()
  const total = folds + 3
  const step = async (name: FitProgress['step'], done: number): Promise<void> => {
    onProgress({ step: name, done, total })
    await setImmediate()
  }

  const used = selectSamples(request.samples, labels, parameters.pseudoPerLabel, seed)
  const targets = Int32Array.from(used, ({ label }) => labels.indexOf(label))
  const weigh = (byOrigin: Record<Origin, number>): Float64Array =>
    Float64Array.from(used, ({ weight, origin }) => weight * byOrigin[origin])
  const rows = used.map(({ features }) => features)
  const { mean, scale } = measureScale(rows)
  await step('scale', 1)

  const problem: LogisticProblem = {
    rows,
    targets,
    weights: weigh(originWeights),
    mean,
    scale,
    classes: labels.length,
    c,
  }
  const fit = fitLogistic({ ...problem, weights: balanceClasses(problem.weights, targets, labels.length) })
  await step('fit', 2)
  const fitted = performance.now()

  const held = await outOfFoldLogits(problem, folds, (fold) =>
    onProgress({ step: 'out-of-fold', done: 2 + fold, total })
  )
  const heldTargets = Int32Array.from(held.indices, (i) => targets[i]!)
  const calibration = weigh(calibrationWeights)
  const heldWeights = balanceClasses(
    Float64Array.from(held.indices, (i) => calibration[i]!),
    heldTargets,
    labels.length
  )
  const temperature = fitTemperature(held.logits, heldTargets, heldWeights, parameters.temperaturePrior)
  const probabilities = held.logits.map((logits) => softmax(logits, temperature))
  const scored = held.indices.flatMap((i, at) => (used[i]!.origin === 'pseudo' ? [] : [at]))
  const outOfFold =
    scored.length > 0
      ? measure(
          labels,
          scored.map((at) => heldTargets[at]!),
          scored.map((at) => probabilities[at]!)
        )
      : null
  await step('calibrate', total)
  const ended = performance.now()

  const head: Head = {
    labels: [...labels],
    weights: Float32Array.from(fit.weights),
    bias: Float32Array.from(fit.bias),
    mean: Float32Array.from(mean),
    scale: Float32Array.from(scale),
    temperature,
  }
  const report: FitReport = {
    parameters,
    seed,
    samples: describeSamples(used, request.samples.length),
    temperature,
    outOfFold,
    solver: { iterations: fit.iterations, converged: fit.converged },
    seconds: {
      fit: (fitted - started) / 1000,
      outOfFold: (ended - fitted) / 1000,
      total: (ended - started) / 1000,
    },
  }
  const ofGiven = held.indices.map((i, at) => [used[i]!.hash, probabilities[at]![heldTargets[at]!]!] as const)
  return { head, report, outOfFold: new Map(ofGiven) }
}
