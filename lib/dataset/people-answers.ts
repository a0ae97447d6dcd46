import {
  type Answer,
  outcomeOf,
  type PhotoAnswers,
  photoAnswers,
  withArrived,
  withTakenBack,
} from '../labelling/index.ts'
import type { ObjectStore } from '../s3/index.ts'
import { changeJson } from './change-json.ts'
import { gatherRecords, type Kept } from './gathered.ts'
import { datasetKeys } from './keys.ts'
import { labelSet } from './label-set.ts'
import { type LabelRecord, labelRecord } from './records.ts'

type AnsweredPhoto = Omit<PhotoAnswers, 'answers' | 'takenBack'>

/** What people have answered in a dataset, and what it amounts to. */
export interface PeopleAnswers {
  /** Those of every photo that anybody has answered; a record is read once, and anew only when it has changed. */
  all(): Promise<ReadonlyMap<string, Kept<PhotoAnswers>>>
  /** Those of one photo as they stand in the bucket. */
  get(photo: string): Promise<LabelRecord | undefined>
  /**
   * Changes a photo's answers, as long as nobody else does meanwhile.
   * @param change gives undefined where they may stay; what it throws ends it
   * @returns what stands now
   */
  change(
    photo: string,
    change: (before: PhotoAnswers | undefined) => PhotoAnswers | undefined | Promise<PhotoAnswers | undefined>
  ): Promise<PhotoAnswers | undefined>
  /**
   * Records an answer that was given elsewhere, as at an edge, and offers its label from now on. Repeated, it changes
   * nothing; an earlier one of the same person neither.
   * @returns what stands now
   */
  record(about: AnsweredPhoto, answer: Answer): Promise<PhotoAnswers>
  /** The same for an answer that its person has taken back at a moment, whether or not it is here already. */
  takeBack(about: AnsweredPhoto, taken: Pick<Answer, 'by' | 'at'>): Promise<PhotoAnswers>
  /** Photos that have neither of the labels on offer: negatives, whatever is learnt. In order of the hash. */
  neither(): Promise<string[]>
}

export function peopleAnswers(store: ObjectStore, dataset: string): PeopleAnswers {
  const keys = datasetKeys(dataset)
  const labels = labelSet(store, dataset)
  const records = gatherRecords({
    store,
    prefix: keys.labels,
    record: labelRecord,
    keep: withoutOutcome,
    kept: photoAnswers,
    gatheredAt: keys.gathered('labels'),
  })

  const change: PeopleAnswers['change'] = async (photo, decide) => {
    const changed = await changeJson(store, keys.label(photo), labelRecord, async (before) => {
      const after = await decide(before)
      return after && { ...after, outcome: outcomeOf(after.answers, await labels.read()) }
    })
    if (changed) note(photo, changed)
    return changed?.value
  }

  async function arrive(
    about: AnsweredPhoto,
    arriving: (before: PhotoAnswers) => PhotoAnswers | undefined | Promise<PhotoAnswers | undefined>
  ): Promise<PhotoAnswers> {
    const empty = { ...about, answers: [] }
    return (await change(about.photo, (before = empty) => arriving(before))) ?? empty
  }

  function note(photo: string, { value, etag }: { value: LabelRecord; etag: string }): void {
    records.note(photo, { etag, value: withoutOutcome(value) })
  }

  return {
    all: records.all,
    change,

    async get(photo) {
      const found = await store.getJson(keys.label(photo), labelRecord)
      if (found) note(photo, found)
      return found?.value
    },

    record: (about, answer) =>
      arrive(about, async (before) => {
        const after = withArrived(before, answer)
        // First: a label that no photo has misleads nobody. Not for an answer that its person has taken back by now.
        if (after && answer.label !== null) await labels.add(answer.label)
        return after
      }),

    takeBack: (about, taken) => arrive(about, (before) => withTakenBack(before, taken)),

    async neither() {
      const [all, offered] = await Promise.all([records.all(), labels.read()])
      return withNeither(all, offered)
    },
  }
}

/** Photos that have neither of the labels, of those that people have answered. In order of the hash. */
export function withNeither(
  answers: ReadonlyMap<string, Kept<PhotoAnswers>>,
  labels: readonly string[]
): string[] {
  const found = [...answers.values()].filter(
    ({ value }) => outcomeOf(value.answers, labels).kind === 'neither'
  )
  return found.map(({ value }) => value.photo).sort()
}

const withoutOutcome = ({ outcome: _outcome, ...answers }: LabelRecord): PhotoAnswers => answers
