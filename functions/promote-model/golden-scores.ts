import pLimit from 'p-limit'
import { featureStore, labelledPhotos } from '../../lib/dataset/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { type Head, predictScores } from '../../lib/head/index.ts'
import type { ModelRegistry } from '../../lib/registry/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'

/** How many objects are read at the same time. */
const READS = 32

/** The hashes of the golden photos, in their order. */
export function listGolden(store: ObjectStore, dataset: string): Promise<string[]> {
  return labelledPhotos(store, dataset, 'golden').list()
}

/** What golden photos show. */
export function readLabels(
  store: ObjectStore,
  dataset: string,
  photos: readonly string[]
): Promise<string[]> {
  const golden = labelledPhotos(store, dataset, 'golden')
  const read = pLimit(READS)
  return Promise.all(photos.map((photo) => read(async () => (await golden.get(photo)).label)))
}

/** A version's scores for photos; undefined where its backbone has not seen one. */
export interface GoldenScores {
  /** The labels that the version knows, in the order of the scores. */
  labels: readonly string[]
  /** Calibrated, one row a photo. */
  rows: (Float32Array | undefined)[]
}

/**
 * A version's calibrated scores for golden photos. A photo has none where the version's backbone has not seen it: the
 * training job computes the features of the golden set as it finds it, and photos may have been added since.
 *
 * @throws EdgeloopError CORRUPT when features are not what the head takes
 */
export async function scoreGolden(
  store: ObjectStore,
  registry: ModelRegistry,
  version: number,
  photos: readonly string[]
): Promise<GoldenScores> {
  const { head, manifest } = await registry.head(version)
  const features = featureStore(store, manifest.backbone.hash)
  const read = pLimit(READS)
  const score = async (photo: string) => {
    const values = await features.get(photo)
    return values && scoresOf(head, values, `features/${manifest.backbone.hash}/${photo}`)
  }
  return { labels: head.labels, rows: await Promise.all(photos.map((photo) => read(() => score(photo)))) }
}

/** A row of scores in the order of other labels; one that its version does not know gets 0. */
export function inColumns(
  row: Float32Array,
  labels: readonly string[],
  columns: readonly string[]
): Float32Array {
  return Float32Array.from(columns, (column) => row[labels.indexOf(column)] ?? 0)
}

/** Whoever sent the event is not to blame for what is in the bucket. */
function scoresOf(head: Head, values: Float32Array, where: string): Float32Array {
  const corrupt = (detail: string) =>
    new EdgeloopError('CORRUPT', `the features of a golden photo cannot be used: ${detail}`, {
      where,
      hint: 'delete the object and train again: that computes it anew',
    })
  const dimensions = head.mean.length
  if (values.length !== dimensions) throw corrupt(`${values.length} numbers instead of ${dimensions}`)
  const scores = predictScores(head, values)
  if (!scores.every(Number.isFinite)) throw corrupt('they hold a number that is not finite')
  return scores
}
