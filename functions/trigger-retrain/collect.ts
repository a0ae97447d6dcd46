import pLimit from 'p-limit'
import {
  labelledPhotos,
  type SampleRecord,
  type Snapshot,
  type SnapshotItem,
  sampleStore,
} from '../../lib/dataset/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'

/** How many records are read at the same time. */
const READS = 32

/** What a training run could learn from now. */
export interface Collection {
  /** One a photo. */
  items: SnapshotItem[]
  /** Items that the previous snapshot did not have, or had with another label or from a lesser source. */
  fresh: number
}

/**
 * Gathers every labelled photo: the seed, samples that a person answered, and accepted samples with the
 * prediction as their pseudo-label; never a golden photo, wherever else it turns up. What the previous snapshot knows
 * is taken from there: seeds and samples never change, and an answer that did has another entity tag. So the work
 * grows with what is new, not with what is there.
 *
 * @param waiting samples that are known to wait for a person; those that are found to are added. Records never change,
 *   so that forgetting it, as a restart does, costs reads and nothing else.
 */
export async function collect(
  store: ObjectStore,
  dataset: string,
  previous: Snapshot | undefined,
  waiting: Set<string> = new Set()
): Promise<Collection> {
  const samples = sampleStore(store, dataset)
  const seed = labelledPhotos(store, dataset, 'seed')
  const known = new Map(previous?.items.map((item) => [item.photo, item]))
  const [seedPhotos, samplePhotos, answers, golden] = await Promise.all([
    seed.list(),
    samples.list(),
    samples.listLabels(),
    labelledPhotos(store, dataset, 'golden').list(),
  ])

  async function seeded(photo: string): Promise<SnapshotItem> {
    const seen = known.get(photo)
    if (seen?.origin === 'seed') return seen
    return { photo, label: (await seed.get(photo)).label, origin: 'seed', edge: null }
  }

  async function sampled(photo: string): Promise<SnapshotItem | undefined> {
    const answer = answers.get(photo)
    if (answer !== undefined) return answered(photo, answer)
    const seen = known.get(photo)
    if (seen?.origin === 'pseudo') return seen
    if (waiting.has(photo)) return undefined
    const record = await samples.get(photo)
    if (record?.band === 'review') waiting.add(photo)
    return record && pseudoLabelled(record)
  }

  async function answered(photo: string, answer: string): Promise<SnapshotItem | undefined> {
    const seen = known.get(photo)
    if (seen?.answer === answer) return seen
    const [given, record] = await Promise.all([samples.getLabel(photo), samples.get(photo)])
    if (!given || !record) return undefined
    const origin = record.audit ? 'audit' : 'person'
    return { photo, label: given.label, origin, edge: record.edge, answer }
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
  return { items, fresh: fresh.length }
}

/** An accepted sample stands under its predicted label; one in review waits for a person. */
function pseudoLabelled({ band, photo, prediction, edge }: SampleRecord): SnapshotItem | undefined {
  if (band !== 'accept' || !prediction) return undefined
  return { photo: photo.hash, label: prediction.labels[0]!.label, origin: 'pseudo', edge }
}
