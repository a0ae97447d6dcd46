import {
  judgePseudoLabels,
  type LabellingState,
  outcomeOf,
  pooledAudits,
  standingAnswers,
} from '../../labelling/index.ts'
import type { AskedSample } from './samples.ts'
import { asked, type View } from './view.ts'

/**
 * @param isHeld whether somebody is asked about a photo
 * @param isInReach whether people here can look at it
 */
export function stateOf(
  view: View,
  isHeld: (photo: string) => boolean,
  isInReach: (sample: AskedSample) => boolean
): LabellingState {
  const { samples, answers, labels } = view
  const counts = { waiting: 0, claimed: 0, answered: 0, neither: 0, disputed: 0 }
  for (const { value: sample } of samples.values()) {
    if (!isInReach(sample) || !asked(view, sample)) continue
    if (isHeld(sample.photo)) counts.claimed++
    else counts.waiting++
  }

  const agreement = { asked: 0, agreed: 0 }
  for (const { value } of answers.values()) {
    const { kind } = outcomeOf(value.answers, labels)
    if (kind === 'open') continue
    counts.answered++
    if (kind !== 'label') counts[kind]++
    const given = standingAnswers(value.answers, labels).map(({ label }) => label)
    if (given.length < 2) continue
    agreement.asked++
    if (new Set(given).size === 1) agreement.agreed++
  }

  const records = [...answers.values()].map(({ value }) => value)
  const audits = pooledAudits(records, labels)
  return { ...counts, labels: [...labels], agreement, audits, pseudoLabels: judgePseudoLabels(audits) }
}
