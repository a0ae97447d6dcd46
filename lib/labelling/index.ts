/**
 * People label photos: the queue that they are asked from, and what their answers amount to.
 * @module
 */
export {
  type Answer,
  hasAnswered,
  type Outcome,
  outcome,
  outcomeOf,
  type PhotoAnswers,
  photoAnswers,
  standingAnswers,
  wantsAnswer,
  withAnswer,
  withoutAnswer,
} from './answers.ts'
export { lastSaid, withArrived, withTakenBack } from './arriving.ts'
export { type Informative, mostInformative, type ReadFeatures, unitFeatures } from './informative.ts'
export { checkLabel, checkPerson } from './input.ts'
export { binomialBounds, type Interval } from './interval.ts'
export type { GivenAnswer, LabellingState, LabelQueue, Question, Recorded } from './label-queue.ts'
export {
  type Audits,
  judgePseudoLabels,
  type PseudoLabels,
  pooledAudits,
  pseudoLabels,
} from './pseudo-labels.ts'
