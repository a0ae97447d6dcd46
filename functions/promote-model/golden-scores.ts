import pLimit from 'p-limit'
import { featureStore, labelledPhotos } from '../../lib/dataset/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { type Head, predictScores } from '../../lib/head/index.ts'
import type { ModelRegistry } from '../../lib/registry/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'

/** How many objects are read at the same time. */
const READS = 32

/** A golden photo and what it shows. */
export interface GoldenPhoto {
  photo: string
  label: string
}

/** The golden set, in order of the hash. */
export async function readGolden(store: ObjectStore, dataset: string): Promise<GoldenPhoto[]> {
  const golden = labelledPhotos(store, dataset, 'golden')
  const read = pLimit(READS)
  const photos = await golden.list()
  return Promise.all(
    photos.map((photo) => read(async () => ({ photo, label: (await golden.get(photo)).label })))
  )
}

/**
 * A version's calibrated scores for the golden photos, one row a photo in the order of `labels`; a label that the
 * version does not know gets 0. A photo has no row where the version's backbone has not seen it: the training job
 * computes the features of the golden set as it finds it, and photos may have been added since.
 *
 * @throws EdgeloopError CORRUPT when features are not what the head takes
 */
export async function scoreGolden(
  store: ObjectStore,
  registry: ModelRegistry,
  version: number,
  golden: readonly GoldenPhoto[],
  labels: readonly string[]
): Promise<(Float32Array | undefined)[]> {
  const { head, manifest } = await registry.head(version)
  const features = featureStore(store, manifest.backbone.hash)
  const columns = labels.map((label) => head.labels.indexOf(label))
  const read = pLimit(READS)
  const score = async ({ photo }: GoldenPhoto) => {
    const values = await features.get(photo)
    if (!values) return undefined
    const scores = scoresOf(head, values, `features/${manifest.backbone.hash}/${photo}`)
    return Float32Array.from(columns, (column) => (column < 0 ? 0 : scores[column]!))
  }
  return Promise.all(golden.map((photo) => read(() => score(photo))))
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
