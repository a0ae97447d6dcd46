import pLimit from 'p-limit'
import {
  labelledPhotos,
  labelSet,
  type PeopleAnswers,
  peopleAnswers,
  type SampleRecord,
  type Snapshot,
  type SnapshotItem,
  sampleStore,
  withNeither,
} from '../../lib/dataset/index.ts'
import {
  judgePseudoLabels,
  outcomeOf,
  type PhotoAnswers,
  type PseudoLabels,
  pooledAudits,
} from '../../lib/labelling/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'

/** How many records are read at the same time. */
const READS = 32

/** What a training run could learn from now. */
export interface Collection {
  /** One a photo. */
  items: SnapshotItem[]
  /**
   * Items that the previous snapshot did not have, or had with another label or from a lesser source; and items of it that are none
   * any more: what a model has learnt wrongly, it must unlearn.
   */
  fresh: number
  /** Photos that show none of the labels, as people say. */
  foreign: string[]
  /** Whether the items go without pseudo-labels. */
  pseudoLabels: PseudoLabels
}

/** What need not be read again. Forgetting it, as a restart does, costs reads and nothing else. */
export interface Memory {
  /** Samples that are known to wait for a person; those that are found to are added. Records never change. */
  waiting: Set<string>
  answers: PeopleAnswers
}

export function createMemory(store: ObjectStore, dataset: string): Memory {
  return { waiting: new Set(), answers: peopleAnswers(store, dataset) }
}

/**
 * Gathers every labelled photo: the seed, samples with the label that people's answers amount to, and accepted samples
 * with the prediction as their pseudo-label, unless audits have stopped these; never a golden photo, wherever else it
 * turns up. Where people disagree, or found neither of the labels, there is no label. What the previous snapshot knows
 * is taken from there: seeds and samples never change, and answers that did have another entity tag. So the work grows
 * with what is new, not with what is there.
 */
export async function collect(
  store: ObjectStore,
  dataset: string,
  previous: Snapshot | undefined,
  { waiting, answers: people }: Memory = createMemory(store, dataset)
): Promise<Collection> {
  const samples = sampleStore(store, dataset)
  const seed = labelledPhotos(store, dataset, 'seed')
  const known = new Map(previous?.items.map((item) => [item.photo, item]))
  const [seedPhotos, samplePhotos, answers, golden, labels] = await Promise.all([
    seed.list(),
    samples.list(),
    people.all(),
    labelledPhotos(store, dataset, 'golden').list(),
    labelSet(store, dataset).read(),
  ])
  const pseudoLabels = judgePseudoLabels(
    pooledAudits(
      [...answers.values()].map(({ value }) => value),
      labels
    )
  )

  async function seeded(photo: string): Promise<SnapshotItem> {
    const seen = known.get(photo)
    if (seen?.origin === 'seed') return seen
    return { photo, label: (await seed.get(photo)).label, origin: 'seed', edge: null }
  }

  async function sampled(photo: string): Promise<SnapshotItem | undefined> {
    const given = answers.get(photo)
    // What was taken back counts as if nobody had ever said it.
    if (given && given.value.answers.length > 0) return answered(given.value, given.etag)
    if (pseudoLabels.stopped) return undefined
    const seen = known.get(photo)
    if (seen?.origin === 'pseudo') return seen
    if (waiting.has(photo)) return undefined
    const record = await samples.get(photo)
    if (record?.band === 'review') waiting.add(photo)
    return record && pseudoLabelled(record)
  }

  async function answered(given: PhotoAnswers, etag: string): Promise<SnapshotItem | undefined> {
    const { photo } = given
    const seen = known.get(photo)
    if (seen?.answer === etag) return seen
    const outcome = outcomeOf(given.answers, labels)
    if (outcome.kind !== 'label') return undefined
    const record = await samples.get(photo)
    if (!record) return undefined
    const origin = record.audit ? 'audit' : 'person'
    return { photo, label: outcome.label, origin, edge: record.edge, answer: etag }
  }

  const read = pLimit(READS)
  const [seeds, sampleItems] = await Promise.all([
    Promise.all(seedPhotos.map((photo) => read(() => seeded(photo)))),
    Promise.all(samplePhotos.map((photo) => read(() => sampled(photo)))),
  ])
  const byPhoto = new Map<string, SnapshotItem>()
  for (const item of [...seeds, ...sampleItems]) {
    // A camera may see what is in the seed: then the seed's label counts, unless a person has corrected it.
    if (item && !(byPhoto.has(item.photo) && item.origin === 'pseudo')) byPhoto.set(item.photo, item)
  }
  for (const photo of golden) byPhoto.delete(photo)

  const items = [...byPhoto.values()]
  const fresh = items.filter((item) => {
    const seen = known.get(item.photo)
    return !seen || seen.label !== item.label || seen.origin !== item.origin
  })
  const gone = [...known.keys()].filter((photo) => !byPhoto.has(photo) && !golden.includes(photo))
  const foreign = withNeither(answers, labels).filter((photo) => !golden.includes(photo))
  return { items, fresh: fresh.length + gone.length, foreign, pseudoLabels }
}

/** An accepted sample stands under its predicted label; one in review waits for a person. */
function pseudoLabelled({ band, photo, prediction, edge }: SampleRecord): SnapshotItem | undefined {
  if (band !== 'accept' || !prediction) return undefined
  return { photo: photo.hash, label: prediction.labels[0]!.label, origin: 'pseudo', edge }
}
