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
  items: SnapshotItem[]
  /** Items that the previous snapshot did not have, or had with another label or from a lesser source. */
  fresh: number
}

/**
 * Gathers every labelled photo: the seed, samples that a person answered, and accepted samples with the
 * prediction as their pseudo-label. A record is read once, ever: what the previous snapshot knows is taken from there
 * (samples are immutable), except that people's answers may have changed.
 */
export async function collect(
  store: ObjectStore,
  dataset: string,
  previous: Snapshot | undefined
): Promise<Collection> {
  const samples = sampleStore(store, dataset)
  const seed = labelledPhotos(store, dataset, 'seed')
  const known = new Map(previous?.items.map((item) => [item.photo, item]))
  const [seedPhotos, samplePhotos, answers] = await Promise.all([
    seed.list(),
    samples.list(),
    samples.listLabels(),
  ])

  const read = pLimit(READS)
  const items = await Promise.all([
    ...seedPhotos.map((photo) =>
      read(async (): Promise<SnapshotItem> => {
        const seen = known.get(photo)
        if (seen) return seen
        return { photo, label: (await seed.get(photo)).label, origin: 'seed', edge: null }
      })
    ),
    ...samplePhotos.map((photo) =>
      read(async (): Promise<SnapshotItem | undefined> => {
        if (answers.has(photo)) return answered(photo)
        const seen = known.get(photo)
        if (seen?.origin === 'pseudo') return seen
        const record = await samples.get(photo)
        return record && pseudoLabelled(record)
      })
    ),
  ])

  async function answered(photo: string): Promise<SnapshotItem | undefined> {
    const [answer, record] = await Promise.all([samples.getLabel(photo), samples.get(photo)])
    if (!answer || !record) return undefined
    return { photo, label: answer.label, origin: record.audit ? 'audit' : 'person', edge: record.edge }
  }

  const usable = items.filter((item) => item !== undefined)
  const fresh = usable.filter((item) => {
    const seen = known.get(item.photo)
    return !seen || seen.label !== item.label || seen.origin !== item.origin
  })
  return { items: usable, fresh: fresh.length }
}

/** An accepted sample stands under its predicted label; one in review waits for a person. */
function pseudoLabelled({ band, photo, prediction, edge }: SampleRecord): SnapshotItem | undefined {
  if (band !== 'accept' || !prediction) return undefined
  return { photo: photo.hash, label: prediction.labels[0]!.label, origin: 'pseudo', edge }
}
