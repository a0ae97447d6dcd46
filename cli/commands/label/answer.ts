import { peopleAnswers } from '../../../lib/dataset/index.ts'
import { userName } from '../../user.ts'
import type { Connection } from '../connection.ts'
import { findPhoto } from './find-photo.ts'
import { queueOf } from './queue.ts'

export interface OneAnswer {
  /** The photo's hash, or its first digits. */
  photo: string
  /** Null: neither of the labels on offer. */
  label: string | null
  /** The label is meant to be one that there is not yet: otherwise it is taken for a slip. */
  isNew: boolean
}

/**
 * Records one answer.
 * @throws EdgeloopError NOT_FOUND, CONFLICT, or INVALID_INPUT with what to write instead
 */
export async function answerOne(connection: Connection, { photo: given, label, isNew }: OneAnswer) {
  const photo = await findPhoto(connection, given)
  const by = userName()
  const answers = await peopleAnswers(connection.store, connection.platform.dataset).get(photo)
  const before = answers?.answers.find((answer) => answer.by === by)
  const { prediction } = await queueOf(connection).answer({ photo, label, by, isNew })
  return { photo, label, by, before: before ? { label: before.label } : null, prediction }
}

export function describeAnswer({ photo, label, by, before }: Awaited<ReturnType<typeof answerOne>>): string {
  const name = (given: string | null) => given ?? 'neither'
  const instead = before && before.label !== label ? ` instead of ${name(before.label)}` : ''
  const next =
    label === null ? 'you are asked again when there is another label' : 'the next training learns from it'
  return `${photo.slice(0, 12)} is labelled ${name(label)}${instead} (by ${by}); ${next}.`
}
