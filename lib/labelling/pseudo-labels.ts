/**
 * Whether the model's own labels may be learnt from: audits tell, photos that it was sure of and people looked at
 * all the same.
 * @module
 */
import { z } from 'zod'
import { type Answer, outcomeOf, type PhotoAnswers } from './answers.ts'
import { binomialBounds, type Interval } from './interval.ts'

/**
 * Audits that are looked at, the newest. In so many 13 wrong ones, 3.3 %, stop the pseudo-labels: fewer would notice
 * only what is worse. With more, those of models long replaced would keep a better one from having its labels learnt.
 */
const POOLED_AUDITS = 400

/** The share of wrong pseudo-labels that is tolerated: a head learns around that many. */
const TOLERATED = 0.02

/** What audits say; each bound holds with 90 %. */
export interface Audits extends Interval {
  answered: number
  wrong: number
}

export const pseudoLabels = z.object({
  /** Whether nothing is learnt from them. */
  stopped: z.boolean(),
  /** What speaks for it, as a sentence. */
  why: z.string(),
})
export type PseudoLabels = z.infer<typeof pseudoLabels>

/**
 * Pools the newest audits. One that people disagree about says nothing; one on which they found neither of the labels
 * would have been a wrong pseudo-label, also when there are more labels by now.
 *
 * @param labels those on offer now
 */
export function pooledAudits(records: Iterable<PhotoAnswers>, labels: readonly string[]): Audits {
  const audits: { at: string; photo: string; right: boolean }[] = []
  for (const { photo, audit, predicted, answers } of records) {
    if (!audit || predicted === null) continue
    const outcome = outcomeOf(answers, labelsFor(answers, predicted, labels))
    if (outcome.kind !== 'label' && outcome.kind !== 'neither') continue
    const right = outcome.kind === 'label' && outcome.label === predicted
    audits.push({ at: answers.at(-1)!.at, photo, right })
  }
  audits.sort((a, b) => order(b.at, a.at) || order(a.photo, b.photo))
  const pooled = audits.slice(0, POOLED_AUDITS)
  const wrong = pooled.filter(({ right }) => !right).length
  return { answered: pooled.length, wrong, ...binomialBounds(wrong, pooled.length) }
}

/** Whoever found "neither" said that the prediction is wrong, whatever labels have come since. */
function labelsFor(
  answers: readonly Answer[],
  predicted: string,
  labels: readonly string[]
): readonly string[] {
  return answers.some(({ label, among }) => label === null && among.includes(predicted))
    ? [predicted]
    : labels
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** They stop by themselves once it is all but certain that more are wrong than is tolerated, and go on likewise. */
export function judgePseudoLabels({ answered, wrong, lower }: Audits): PseudoLabels {
  const found = `${wrong} of the newest ${answered} audited pseudo-labels were wrong`
  const least = `at least ${percent(lower)} of all (with 90 % confidence)`
  return {
    stopped: lower > TOLERATED,
    why:
      answered === 0
        ? 'no pseudo-label has been audited yet'
        : `${found}: ${least}; ${percent(TOLERATED)} are tolerated`,
  }
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`
