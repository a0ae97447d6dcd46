/**
 * Answers that come from elsewhere, as from an edge: late, more than once, in any order. Of what one person says about a
 * photo the latest counts, by the clock of whoever wrote it down.
 * @module
 */
import { type Answer, type PhotoAnswers, withAnswer, withoutAnswer } from './answers.ts'

/** When a person last answered, or took their answer back, in milliseconds since 1970; undefined where they never did. */
export function lastSaid({ answers, takenBack = [] }: PhotoAnswers, by: string): number | undefined {
  const moments = [...answers, ...takenBack].flatMap((each) => (each.by === by ? Date.parse(each.at) : []))
  return moments.length === 0 ? undefined : Math.max(...moments)
}

/** With an answer that has arrived; undefined where it is known already, or its person has said something later. */
export function withArrived(record: PhotoAnswers, given: Answer): PhotoAnswers | undefined {
  if (isLate(record, given)) return undefined
  return remembering(withAnswer(record, given), othersTakenBack(record, given.by))
}

/** Without a person's answer, who has taken it back at that moment; undefined where that changes nothing. */
export function withTakenBack(
  record: PhotoAnswers,
  { by, at }: Pick<Answer, 'by' | 'at'>
): PhotoAnswers | undefined {
  if (isLate(record, { by, at })) return undefined
  return remembering(withoutAnswer(record, by), [...othersTakenBack(record, by), { by, at }])
}

function isLate(record: PhotoAnswers, { by, at }: Pick<Answer, 'by' | 'at'>): boolean {
  const last = lastSaid(record, by)
  return last !== undefined && last >= Date.parse(at)
}

function remembering(
  { takenBack: _before, ...record }: PhotoAnswers,
  takenBack: NonNullable<PhotoAnswers['takenBack']>
): PhotoAnswers {
  return takenBack.length > 0 ? { ...record, takenBack } : record
}

function othersTakenBack({ takenBack = [] }: PhotoAnswers, by: string) {
  return takenBack.filter((each) => each.by !== by)
}
