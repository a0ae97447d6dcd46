import { hasAnswered, type PhotoAnswers, standingAnswers, wantsAnswer } from '../../labelling/index.ts'
import type { Kept } from '../gathered.ts'
import type { Doubt } from '../records.ts'
import type { AskedSample } from './samples.ts'

/** What decides who is asked about what. */
export interface View {
  samples: ReadonlyMap<string, Kept<AskedSample>>
  answers: ReadonlyMap<string, Kept<PhotoAnswers>>
  /** Those on offer, sorted. */
  labels: readonly string[]
  doubts: ReadonlyMap<string, Doubt>
  /** Photos that came with their label. */
  seeds: readonly string[]
}

/** A photo that wants an answer. */
export interface Asked {
  sample: AskedSample
  /** Whether somebody has answered, and others are asked. */
  second: boolean
  /** How improbable the answer is that there is, 0 to 1; 0 also where people disagree. */
  probability: number
}

/** Whether people should be asked about a sample, given the answers that there are. */
export function asked(
  view: View,
  sample: AskedSample,
  answers = answersTo(view, sample.photo)
): Asked | undefined {
  // Nobody need look at what was accepted; where somebody has, others may have to.
  if (sample.band === 'accept' && answers.length === 0) return undefined
  const doubt = view.doubts.get(sample.photo)
  if (!wantsAnswer(answers, view.labels, doubt?.label)) return undefined
  const given = standingAnswers(answers, view.labels).length
  return { sample, second: given > 0, probability: given === 1 ? (doubt?.probability ?? 0) : 0 }
}

/** The same for one person, who is asked once. */
export function askedOf(
  view: View,
  by: string,
  sample: AskedSample,
  answers = answersTo(view, sample.photo)
) {
  return hasAnswered(answers, view.labels, by) ? undefined : asked(view, sample, answers)
}

function answersTo({ answers }: View, photo: string): PhotoAnswers['answers'] {
  return answers.get(photo)?.value.answers ?? []
}
