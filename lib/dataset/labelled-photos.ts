import { createComputeOnce } from '../compute-once/index.ts'
import { EdgeloopError } from '../errors/index.ts'
import type { ObjectStore } from '../s3/index.ts'
import { datasetKeys } from './keys.ts'
import { labelSet } from './label-set.ts'
import { type LabelledPhoto, labelledPhoto } from './records.ts'
import { photosUnder } from './samples.ts'

/** Photos that came with their labels: `golden` judges models and is never trained on, `seed` starts the training. */
export type LabelledCollection = 'golden' | 'seed'

/** Labels of which it is remembered that they are on offer. */
const LABELS_KNOWN = 1000

export function labelledPhotos(store: ObjectStore, dataset: string, collection: LabelledCollection) {
  const prefix = datasetKeys(dataset)[collection]
  const labels = labelSet(store, dataset)
  const offered = createComputeOnce<void>({ keep: LABELS_KNOWN })
  return {
    /** Puts a photo, then its record. People are offered the labels of seeds; of golden photos they may hear nothing. */
    async put(record: LabelledPhoto, photo: Uint8Array): Promise<void> {
      const { hash, mediaType } = record.photo
      // First: a seed that is there already is not put again.
      if (collection === 'seed') await offered.get(record.label, () => labels.add(record.label))
      await store.put(`${prefix}${hash}.photo`, photo, { contentType: mediaType })
      await store.putJson(`${prefix}${hash}.json`, record)
    },

    list: (): Promise<string[]> => photosUnder(store, prefix),

    async get(photo: string): Promise<LabelledPhoto> {
      const record = await store.getJson(`${prefix}${photo}.json`, labelledPhoto)
      if (!record) throw missing(`${prefix}${photo}.json`)
      return record.value
    },

    async getPhoto(photo: string): Promise<Uint8Array> {
      const object = await store.get(`${prefix}${photo}.photo`)
      if (!object) throw missing(`${prefix}${photo}.photo`)
      return object.body
    },
  }
}

function missing(key: string): EdgeloopError {
  return new EdgeloopError('NOT_FOUND', `there is no ${key}`, {
    where: key,
    hint: 'put the photo back into the bucket, or remove its record',
  })
}
