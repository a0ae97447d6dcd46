import type { EdgeloopEvent } from '../../events/index.ts'
import type { ObjectStore } from '../../s3/index.ts'
import { labelSet } from '../label-set.ts'
import { type PeopleAnswers, peopleAnswers } from '../people-answers.ts'
import type { SampleRecord } from '../records.ts'
import { sampleStore } from '../samples.ts'
import { claimStore } from './claims.ts'
import { peopleStore } from './people.ts'
import { createWatch, type Watch } from './watch.ts'

export interface LabelQueueOptions {
  store: ObjectStore
  dataset: string
  /** Tells the cloud about an answer: a hint, sent when the answer itself is in the bucket. */
  publish?: (event: EdgeloopEvent) => Promise<void>
  /** Where photos are that did not go up. Absent: nobody is asked about those, because nobody could show them. */
  photoFrom?: (sample: SampleRecord) => Promise<Uint8Array | undefined>
  /** How long a photo is one person's, in milliseconds. @default 600000 */
  claimMs?: number
  /** How far the clocks of two machines may be apart, in milliseconds. @default 10000 */
  clocksApartMs?: number
}

/** What a queue consists of. */
export interface Parts extends Pick<LabelQueueOptions, 'store' | 'dataset' | 'publish' | 'photoFrom'> {
  samples: ReturnType<typeof sampleStore>
  answers: PeopleAnswers
  labels: ReturnType<typeof labelSet>
  people: ReturnType<typeof peopleStore>
  claims: ReturnType<typeof claimStore>
  watch: Watch
}

const CLAIM_MS = 10 * 60_000
const CLOCKS_APART_MS = 10_000

export function openParts(options: LabelQueueOptions): Parts {
  const { store, dataset, claimMs = CLAIM_MS, clocksApartMs = CLOCKS_APART_MS } = options
  const answers = peopleAnswers(store, dataset)
  const labels = labelSet(store, dataset)
  return {
    ...options,
    samples: sampleStore(store, dataset),
    answers,
    labels,
    people: peopleStore(store, dataset),
    claims: claimStore(store, dataset, { claimMs, clocksApartMs }),
    watch: createWatch(store, dataset, answers, labels),
  }
}
