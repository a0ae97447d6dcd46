import { type PhotoAnswers, standingAnswers, wantsAnswer } from '../../lib/labelling/index.ts'
import type { DoubtRecord, PhotoRecord, Place } from './records.ts'

/**
 * In which order people are asked: what measures, in the order of the hash, because the least certain of them first would
 * make the model look worse than it is while others wait; then second opinions, because what may be wrong is learnt from
 * already; then what teaches, the least certain first.
 */
const CLASSES = { measuring: 0, second: 1, teaching: 2 } as const

/** The class within which novelty counts, too. */
export const TEACHING = CLASSES.teaching

/** Where a photo waits for an answer; null where it does not. @param labels those on offer */
export function placeOf(
  { here, audit, slice, prediction }: PhotoRecord,
  { answers }: PhotoAnswers,
  labels: readonly string[],
  doubt: DoubtRecord | undefined
): Place | null {
  if (!here || !wantsAnswer(answers, labels, doubt?.label)) return null
  const given = standingAnswers(answers, labels).length
  if (given > 0) return [CLASSES.second, given === 1 ? (doubt?.probability ?? 0) : 0]
  return audit || slice ? [CLASSES.measuring, 0] : [CLASSES.teaching, prediction?.confidence ?? 0]
}
