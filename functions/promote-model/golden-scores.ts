import pLimit from 'p-limit'
import { featureStore, labelledPhotos } from '../../lib/dataset/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { predictScores } from '../../lib/head/index.ts'
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
 * version does not know gets 0.
 *
 * @throws EdgeloopError UNAVAILABLE when features of a golden photo are missing: the training job computes them
 */
export async function scoreGolden(
  store: ObjectStore,
  registry: ModelRegistry,
  version: number,
  golden: readonly GoldenPhoto[],
  labels: readonly string[]
): Promise<Float32Array[]> {
  const { head, manifest } = await registry.head(version)
  const features = featureStore(store, manifest.backbone.hash)
  const columns = labels.map((label) => head.labels.indexOf(label))
  const read = pLimit(READS)
  const score = async ({ photo }: GoldenPhoto) => {
    const values = await features.get(photo)
    if (!values)
      throw new EdgeloopError('UNAVAILABLE', `golden photo ${photo} has no features for version ${version}`, {
        where: `features/${manifest.backbone.hash}/${photo}`,
        hint: 'run the training again: it computes the features of the golden set',
      })
    const scores = predictScores(head, values)
    return Float32Array.from(columns, (column) => (column < 0 ? 0 : scores[column]!))
  }
  return Promise.all(golden.map((photo) => read(() => score(photo))))
}
