import { EdgeloopError } from '../../errors/index.ts'
import { createEvent } from '../../events/index.ts'
import {
  type Answer,
  checkLabel,
  checkPerson,
  type GivenAnswer,
  hasAnswered,
  type PhotoAnswers,
  type Recorded,
  wantsAnswer,
  withAnswer,
  withoutAnswer,
} from '../../labelling/index.ts'
import { isConflict } from '../change-json.ts'
import { doubtStore } from '../doubts.ts'
import type { SampleRecord } from '../records.ts'
import type { Parts } from './parts.ts'

/** What people say. */
export function createAnswering(parts: Parts) {
  const { store, dataset, samples, answers, labels, people, claims, watch, publish } = parts
  const doubts = doubtStore(store, dataset)

  async function existing(photo: string): Promise<SampleRecord> {
    const sample = await samples.get(photo)
    if (sample) return sample
    throw new EdgeloopError('NOT_FOUND', `there is no sample of photo ${photo.slice(0, 12)}`, {
      where: photo,
      hint: 'answer what was claimed',
    })
  }

  /** @throws EdgeloopError CONFLICT where others have answered, and nobody else is asked */
  function checkFree(
    { photo, answers }: PhotoAnswers,
    by: string,
    offered: string[],
    doubted?: string
  ): void {
    if (hasAnswered(answers, offered, by) || wantsAnswer(answers, offered, doubted)) return
    const others = answers.map((each) => each.by).join(' and ')
    throw new EdgeloopError('CONFLICT', `${others} answered about photo ${photo.slice(0, 12)} already`, {
      where: photo,
      hint: 'claim another one; a second person is asked where a label is doubted',
    })
  }

  return {
    async answer({ photo, by: person, label: given, isNew = false }: GivenAnswer): Promise<Recorded> {
      const by = checkPerson(person)
      const [sample, offered] = await Promise.all([existing(photo), labels.read()])
      const label = given === null ? null : checkLabel(given, offered, isNew)
      const claim = await claims.hold({ photo, by, labels: offered })
      const answer: Answer = { by, at: new Date().toISOString(), label, among: claim.labels }
      const doubted = (await doubts.read()).get(photo)?.label
      const about = {
        photo,
        audit: sample.audit,
        predicted: sample.prediction?.labels[0]?.label ?? null,
      }
      try {
        await answers.change(photo, async (found = { ...about, answers: [] }) => {
          checkFree(found, by, offered, doubted)
          // Both first: a label that no photo has, or an answer that was not given, misleads nobody.
          if (label !== null && !offered.includes(label)) await labels.add(label)
          await people.answers(by, photo)
          return withAnswer(found, answer)
        })
      } catch (error) {
        // Whoever is not to answer need not hold it, either.
        if (isConflict(error)) await claims.release(photo, by)
        throw error
      } finally {
        watch.forget()
      }
      await claims.release(photo, by)
      await publish?.(
        createEvent('sample.labelled', 'cloud/people', [photo, by, answer.at], {
          ...{ edge: null, dataset, ...about },
          ...answer,
        })
      )
      return { prediction: sample.prediction }
    },

    async skip(photo: string, person: string): Promise<void> {
      const by = checkPerson(person)
      await existing(photo)
      await people.skip(by, photo)
      await claims.release(photo, by)
    },

    async undo(person: string): Promise<string | undefined> {
      const by = checkPerson(person)
      const { answered } = await people.get(by)
      for (const photo of answered.toReversed()) {
        const gave = (await answers.get(photo))?.answers.some((each) => each.by === by)
        // First: nobody else may get it in between. Somebody else may have it where a second person was asked for.
        if (gave) await claims.hold({ photo, by, labels: await labels.read() }).catch(unlessConflict)
        if (gave) await answers.change(photo, (found) => found && withoutAnswer(found, by))
        await people.tookBack(by, photo)
        if (gave) return photo
      }
      return undefined
    },
  }
}

function unlessConflict(error: unknown): void {
  if (!isConflict(error)) throw error
}
