import type { ObjectStore } from '../../s3/index.ts'
import { doubtStore } from '../doubts.ts'
import type { labelSet } from '../label-set.ts'
import { labelledPhotos } from '../labelled-photos.ts'
import type { PeopleAnswers } from '../people-answers.ts'
import { gatherSamples } from './samples.ts'
import type { View } from './view.ts'

/** How old a view may be that decides about the order only, in milliseconds. */
const RECENT_MS = 5000

/** Looks at the bucket for those who decide who is asked about what. */
export interface Watch {
  /** A view that is a few seconds old at most, but for what this process has answered itself. */
  recent(): Promise<View>
  anew(): Promise<View>
  /** This process has changed something that a view does not know. */
  forget(): void
}

export function createWatch(
  store: ObjectStore,
  dataset: string,
  answers: PeopleAnswers,
  labels: ReturnType<typeof labelSet>
): Watch {
  const samples = gatherSamples(store, dataset)
  const doubts = doubtStore(store, dataset)
  const seeds = labelledPhotos(store, dataset, 'seed')
  let last: { view: View; at: number } | undefined

  async function anew(): Promise<View> {
    const at = Date.now()
    const [known, given, offered, doubted, seeded] = await Promise.all([
      samples.all(),
      answers.all(),
      labels.read(),
      doubts.read(),
      seeds.list(),
    ])
    const view = { samples: known, answers: given, labels: offered, doubts: doubted, seeds: seeded }
    last = { view, at }
    return view
  }

  return {
    anew,
    async recent() {
      return last && Date.now() - last.at < RECENT_MS ? last.view : anew()
    },
    forget() {
      last = undefined
    },
  }
}
