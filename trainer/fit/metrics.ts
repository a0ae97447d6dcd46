/**
 * How good a model's answers are on labelled photos.
 * @module
 */
import { EdgeloopError } from '../../lib/errors/index.ts'

const BINS = 15
/** Scores are stored as float32: what rounds to zero may have been this much. */
const SMALLEST_SCORE = 1e-7

export interface ClassMetrics {
  /** Photos that truly show it. */
  samples: number
  /** Share of them that were recognised, 0…1; null without any. */
  recall: number | null
  /** Share of the photos named so that truly show it; null when none was named so. */
  precision: number | null
}

export interface CalibrationBin {
  /** Confidence above `from`, up to `to`. */
  from: number
  to: number
  samples: number
  /** Means over the bin's photos; null when it is empty. */
  confidence: number | null
  accuracy: number | null
}

export interface Metrics {
  samples: number
  /** 0…1 */
  accuracy: number
  /** Mean recall of the classes that occur. */
  balancedAccuracy: number
  /** Mean of −ln(score of the true label), in nats. */
  logLoss: number
  perClass: Record<string, ClassMetrics>
  /** confusion[truth][answer], counts, in the order of the labels. */
  confusion: number[][]
  /**
   * Expected calibration error over 15 equal bins of confidence: Σ share of photos · |accuracy − confidence|
   * (Naeini et al. 2015; Guo et al. 2017). With a few hundred photos even perfect answers exceed 0.02 at times.
   */
  calibrationError: number
  calibrationBins: CalibrationBin[]
}

/**
 * @param labels K labels
 * @param truths N class indices
 * @param scores N rows of K calibrated probabilities
 * @throws EdgeloopError INVALID_INPUT without photos, or when rows do not fit the labels
 */
export function measure(
  labels: readonly string[],
  truths: ArrayLike<number>,
  scores: readonly ArrayLike<number>[]
): Metrics {
  const samples = truths.length
  const fits = samples > 0 && samples === scores.length && scores.every((row) => row.length === labels.length)
  if (!fits) {
    throw new EdgeloopError(
      'INVALID_INPUT',
      'Metrics need one row of scores, one score a label, for each photo.',
      {
        where: 'metrics',
        hint: 'Give at least one labelled photo.',
      }
    )
  }
  const confusion = labels.map(() => labels.map(() => 0))
  const bins = Array.from({ length: BINS }, () => ({ samples: 0, confidence: 0, correct: 0 }))
  let loss = 0
  let correct = 0
  for (let i = 0; i < samples; i++) {
    const row = scores[i]!
    const truth = truths[i]!
    const answer = topIndex(row)
    const hit = answer === truth ? 1 : 0
    confusion[truth]![answer]!++
    correct += hit
    loss -= Math.log(Math.max(row[truth]!, SMALLEST_SCORE))
    const bin = bins[Math.min(BINS - 1, Math.max(0, Math.ceil(row[answer]! * BINS) - 1))]!
    bin.samples++
    bin.confidence += row[answer]!
    bin.correct += hit
  }
  const perClass = labels.map((label, k) => [label, classMetrics(confusion, k)] as const)
  const recalls = perClass.flatMap(([, { recall }]) => (recall === null ? [] : [recall]))
  return {
    samples,
    accuracy: correct / samples,
    balancedAccuracy: recalls.reduce((a, b) => a + b, 0) / recalls.length,
    logLoss: loss / samples,
    perClass: Object.fromEntries(perClass),
    confusion,
    calibrationError: bins.reduce((sum, bin) => sum + Math.abs(bin.correct - bin.confidence), 0) / samples,
    calibrationBins: bins.map((bin, b) => ({
      from: b / BINS,
      to: (b + 1) / BINS,
      samples: bin.samples,
      confidence: bin.samples > 0 ? bin.confidence / bin.samples : null,
      accuracy: bin.samples > 0 ? bin.correct / bin.samples : null,
    })),
  }
}

function classMetrics(confusion: readonly number[][], k: number): ClassMetrics {
  const hits = confusion[k]![k]!
  const samples = confusion[k]!.reduce((a, b) => a + b, 0)
  const named = confusion.reduce((sum, row) => sum + row[k]!, 0)
  return { samples, recall: samples > 0 ? hits / samples : null, precision: named > 0 ? hits / named : null }
}

/** Index of the highest score; the first of equals. */
function topIndex(row: ArrayLike<number>): number {
  let top = 0
  for (let k = 1; k < row.length; k++) if (row[k]! > row[top]!) top = k
  return top
}
