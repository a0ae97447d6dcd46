/**
 * What people have answered about a photo, and what it amounts to.
 * @module
 */
import { z } from 'zod'
import { eventData } from '../events/index.ts'

const text = z.string().min(1)

/** One person's answer. */
const { answer } = eventData
export type Answer = z.infer<typeof answer>

/** What answers amount to. */
export const outcome = z.discriminatedUnion('kind', [
  /** No answer counts. */
  z.object({ kind: z.literal('open') }),
  z.object({ kind: z.literal('label'), label: text }),
  z.object({ kind: z.literal('neither') }),
  /** People disagree: it is no training sample, of any label. */
  z.object({ kind: z.literal('disputed') }),
])
export type Outcome = z.infer<typeof outcome>

/** Everything that is known of people's answers to one photo. */
export const photoAnswers = z.object({
  photo: eventData.sha256,
  /** Whether it was drawn to measure the pseudo-labels. */
  audit: z.boolean(),
  /** The label that the model gave it, which would be its pseudo-label; null where it gave none. */
  predicted: text.nullable(),
  /** One a person, in the order in which they came. */
  answers: z.array(answer),
  /** Who has taken their answer back, and when: an earlier one that is still on its way to here does not count. */
  takenBack: z.array(answer.pick({ by: true, at: true })).optional(),
})
export type PhotoAnswers = z.infer<typeof photoAnswers>

/** Where so many people cannot agree, another one would not settle it either. */
const MOST_PEOPLE = 5

/**
 * The answers that count while these labels are on offer. An answer that named a label keeps its meaning for ever;
 * "neither" does not hold for labels that came later.
 */
export function standingAnswers(answers: readonly Answer[], labels: readonly string[]): Answer[] {
  return answers.filter(({ label, among }) => label !== null || labels.every((each) => among.includes(each)))
}

/** One answer stands; of several, the one that more people gave than any other, at least two of them. */
export function outcomeOf(answers: readonly Answer[], labels: readonly string[]): Outcome {
  const counts = new Map<string | null, number>()
  for (const { label } of standingAnswers(answers, labels)) counts.set(label, (counts.get(label) ?? 0) + 1)
  const [first, second] = [...counts].sort(([, a], [, b]) => b - a)
  if (!first) return { kind: 'open' }
  const [label, votes] = first
  if (second && second[1] === votes) return { kind: 'disputed' }
  return label === null ? { kind: 'neither' } : { kind: 'label', label }
}

/**
 * Whether another person should look at a photo: nobody's answer counts, people disagree, or the one answer that there
 * is is doubted.
 *
 * @param doubted the label that out-of-fold models find improbable; undefined where none is
 */
export function wantsAnswer(
  answers: readonly Answer[],
  labels: readonly string[],
  doubted: string | undefined
): boolean {
  const { length } = standingAnswers(answers, labels)
  const found = outcomeOf(answers, labels)
  if (found.kind === 'disputed') return length < MOST_PEOPLE
  if (found.kind === 'label') return length === 1 && found.label === doubted
  return found.kind === 'open'
}

/** With another answer, in place of an earlier one of the same person. */
export function withAnswer<T extends { answers: Answer[] }>(record: T, given: Answer): T {
  return { ...record, answers: [...withoutAnswer(record, given.by).answers, given] }
}

/** Without a person's answer. */
export function withoutAnswer<T extends { answers: Answer[] }>(record: T, by: string): T {
  return { ...record, answers: record.answers.filter((each) => each.by !== by) }
}

/** Whether this person has an answer that counts: somebody who said "neither" may be asked again when labels are added. */
export function hasAnswered(answers: readonly Answer[], labels: readonly string[], by: string): boolean {
  return standingAnswers(answers, labels).some((given) => given.by === by)
}
