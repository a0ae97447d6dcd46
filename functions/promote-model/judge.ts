/**
 * The gate: is a candidate better than the serving model on the golden set?
 * @module
 */
import { EdgeloopError } from '../../lib/errors/index.ts'
import { studentT } from './student-t.ts'

/** A score below this counts as this: one photo must not outweigh all others without bound. */
const SMALLEST_SCORE = 1e-6

export interface JudgeRules {
  /** How many golden photos the candidate may lose. */
  mayLose: number
  /** Refused when a model as good as the serving one would look at least as bad with less than this probability. */
  refuseBelow: number
}

export const JUDGE_DEFAULTS: JudgeRules = { mayLose: 1, refuseBelow: 0.2 }

export interface JudgeRequest {
  /** N indices into the labels: what the golden photos show. */
  truths: ArrayLike<number>
  /** N rows of calibrated scores, one a label. */
  candidate: readonly ArrayLike<number>[]
  /** The same of the model that serves now; absent for the first model. */
  serving?: readonly ArrayLike<number>[]
  rules?: Partial<JudgeRules>
}

export interface ModelFigures {
  /** Golden photos answered rightly. */
  right: number
  /** 0…1 */
  accuracy: number
  /** Mean, in nats. */
  logLoss: number
}

export interface Comparison {
  /** Mean over golden photos of the serving model's log loss minus the candidate's, in nats: above 0 is better. */
  gain: number
  /** Its standard error; 0 when all photos gain alike. */
  standardError: number
  /** One-sided p value against "as good as the serving model", small when the candidate is worse. */
  pWorse: number
  /** The same, small when the candidate is better. */
  pBetter: number
  /** Golden photos that the serving model has right and the candidate wrong: gross, nothing makes up for them. */
  lost: number
  /** Golden photos that the serving model has wrong and the candidate right. */
  gained: number
}

export interface Judgement {
  verdict: 'promote' | 'refuse' | 'inconclusive'
  /** A sentence with the figures that decided. */
  why: string
  goldenPhotos: number
  candidate: ModelFigures
  serving?: ModelFigures
  comparison?: Comparison
}

/**
 * Promotes when the mean paired log-loss gain is positive and at most `mayLose` golden photos are lost; refuses when
 * the candidate is worse by a one-sided paired t test; keeps serving otherwise. The first model is promoted: any answer
 * is better than none. Log loss is a proper score: it moves long before the accuracy on a few hundred photos does.
 * @throws EdgeloopError INVALID_INPUT without golden photos, or when the rows do not belong together
 */
export function judge(request: JudgeRequest): Judgement {
  const { truths, candidate, serving } = request
  const rules = { ...JUDGE_DEFAULTS, ...request.rules }
  checkRows(truths, candidate, 'candidate')
  const figures = { goldenPhotos: truths.length, candidate: figuresOf(truths, candidate) }
  if (!serving) {
    const why = `It is the first model: ${figures.candidate.right} of ${truths.length} golden photos right.`
    return { verdict: 'promote', why, ...figures }
  }
  checkRows(truths, serving, 'serving')
  const comparison = compare(truths, candidate, serving)
  return { ...decide(comparison, rules), ...figures, serving: figuresOf(truths, serving), comparison }
}

function decide(comparison: Comparison, rules: JudgeRules): Pick<Judgement, 'verdict' | 'why'> {
  const { gain, standardError, pWorse, lost, gained } = comparison
  const figures =
    `log loss ${gain < 0 ? 'rises' : 'falls'} by ${Math.abs(gain).toFixed(4)} ± ${standardError.toFixed(4)}, ` +
    `${lost} golden ${lost === 1 ? 'photo' : 'photos'} lost, ${gained} gained`
  if (gain > 0 && lost <= rules.mayLose) return { verdict: 'promote', why: `It is better: ${figures}.` }
  if (pWorse < rules.refuseBelow) {
    return { verdict: 'refuse', why: `It is worse (p = ${pWorse.toFixed(3)}): ${figures}.` }
  }
  const reason =
    gain > 0
      ? `It may lose at most ${rules.mayLose} golden photos`
      : 'It is not better, and not clearly worse'
  return { verdict: 'inconclusive', why: `${reason}: ${figures}.` }
}

function compare(
  truths: ArrayLike<number>,
  candidate: readonly ArrayLike<number>[],
  serving: readonly ArrayLike<number>[]
): Comparison {
  const n = truths.length
  const gains = candidate.map((row, i) => logLoss(serving[i]!, truths[i]!) - logLoss(row, truths[i]!))
  const gain = gains.reduce((a, b) => a + b, 0) / n
  const squares = gains.reduce((sum, value) => sum + (value - gain) ** 2, 0)
  const standardError = n > 1 ? Math.sqrt(squares / (n - 1) / n) : 0
  let lost = 0
  let gained = 0
  for (let i = 0; i < n; i++) {
    const now = isRight(candidate[i]!, truths[i]!)
    const before = isRight(serving[i]!, truths[i]!)
    if (before && !now) lost++
    if (now && !before) gained++
  }
  const pWorse = pValue(gain, standardError, n)
  return { gain, standardError, pWorse, pBetter: 1 - pWorse, lost, gained }
}

/** One photo proves nothing; the same change on every photo proves everything. */
function pValue(gain: number, standardError: number, n: number): number {
  if (n < 2 || gain === 0) return 0.5
  return standardError > 0 ? studentT(gain / standardError, n - 1) : gain > 0 ? 1 : 0
}

function figuresOf(truths: ArrayLike<number>, rows: readonly ArrayLike<number>[]): ModelFigures {
  let right = 0
  let loss = 0
  rows.forEach((row, i) => {
    if (isRight(row, truths[i]!)) right++
    loss += logLoss(row, truths[i]!)
  })
  return { right, accuracy: right / rows.length, logLoss: loss / rows.length }
}

function logLoss(scores: ArrayLike<number>, truth: number): number {
  return -Math.log(Math.max(scores[truth]!, SMALLEST_SCORE))
}

/** A tie for the first place is no right answer. */
function isRight(scores: ArrayLike<number>, truth: number): boolean {
  for (let k = 0; k < scores.length; k++) if (k !== truth && scores[k]! >= scores[truth]!) return false
  return true
}

function checkRows(truths: ArrayLike<number>, rows: readonly ArrayLike<number>[], who: string): void {
  if (truths.length === 0) throw invalid('The golden set is empty: nothing can be judged.', who)
  if (rows.length !== truths.length) {
    throw invalid(
      `There are ${truths.length} golden photos, but ${rows.length} answers of the ${who} model.`,
      who
    )
  }
  rows.forEach((row, i) => {
    const score = row[truths[i]!]
    if (score === undefined || !Array.from(row).every((value) => value >= 0 && value <= 1)) {
      throw invalid(`Golden photo ${i} has no valid scores of the ${who} model.`, who)
    }
  })
}

function invalid(message: string, where: string): EdgeloopError {
  return new EdgeloopError('INVALID_INPUT', message, {
    where,
    hint: 'Judge both models on the same labelled golden photos and the same labels.',
  })
}
