import { createEvent, type EdgeloopEvent } from '../../lib/events/index.ts'
import type { Answer, PhotoAnswers } from '../../lib/labelling/index.ts'

/** Where answers are given, and what they are for. */
interface Origin {
  edge: string
  dataset: string
}

/** A person has answered, again maybe: each answer is an event of its own. */
export function labelledEvent(
  { edge, dataset }: Origin,
  { photo, audit, predicted }: PhotoAnswers,
  answer: Answer
): EdgeloopEvent<'sample.labelled'> {
  const identity = [photo, answer.by, answer.at]
  return createEvent('sample.labelled', `edges/${edge}/people`, identity, {
    ...{ edge, photo, dataset, audit, predicted },
    ...answer,
  })
}

/** A person has taken their answer back. */
export function unlabelledEvent(
  { edge, dataset }: Origin,
  { photo, audit, predicted }: PhotoAnswers,
  { by, at }: Pick<Answer, 'by' | 'at'>
): EdgeloopEvent<'sample.unlabelled'> {
  return createEvent('sample.unlabelled', `edges/${edge}/people`, [photo, by, at], {
    ...{ edge, photo, dataset, audit, predicted, by, at },
  })
}
