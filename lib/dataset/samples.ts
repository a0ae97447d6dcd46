import type { ObjectStore, RequestOptions } from '../s3/index.ts'
import { datasetKeys, featuresKey, photoOfKey } from './keys.ts'
import { putPhoto } from './photo-upload.ts'
import { putOnce } from './put-once.ts'
import { type SampleRecord, sampleRecord } from './records.ts'

/** What `upload-sample` puts into the bucket for one sample. */
export interface SampleUpload {
  record: SampleRecord
  /** Float16 features, little-endian, where there are any. */
  features: Uint8Array | null
  /** The photo as it goes up, where the policy wants it. */
  photo: Uint8Array | null
}

/** The samples of a dataset. */
export function sampleStore(store: ObjectStore, dataset: string) {
  const keys = datasetKeys(dataset)

  async function get(photo: string): Promise<SampleRecord | undefined> {
    return (await store.getJson(keys.sample(photo), sampleRecord))?.value
  }

  return {
    /**
     * Puts a sample: features and photo first, the record last, so that a record's presence says that all of it is
     * there. A record is written once: whoever has read it need not read it again. So the first one stands, also when
     * another edge saw the same photo and decided otherwise. After a failure the same call goes on with a large photo where
     * it broke off.
     *
     * @returns the record that stands, and the bytes that its parts have
     */
    async put(
      { record, features, photo }: SampleUpload,
      options?: RequestOptions
    ): Promise<{ record: SampleRecord; bytes: number }> {
      const { hash, mediaType } = record.photo
      const before: Promise<unknown>[] = []
      if (features && record.backbone) before.push(store.put(featuresKey(record.backbone, hash), features))
      const key = keys.samplePhoto(hash)
      if (photo) before.push(putPhoto(store, keys.samples, { key, bytes: photo, mediaType }, options))
      await Promise.all(before)
      const bytes = Buffer.byteLength(JSON.stringify(record)) + (features?.length ?? 0) + (photo?.length ?? 0)
      if (await putOnce(store, keys.sample(hash), record)) return { record, bytes }
      return { record: (await get(hash)) ?? record, bytes }
    },

    get,

    /** Every sample's photo hash, in order of the hash. */
    async list(): Promise<string[]> {
      return photosUnder(store, keys.samples)
    },

    async getPhoto(photo: string): Promise<{ body: Uint8Array; contentType: string } | undefined> {
      const object = await store.get(keys.samplePhoto(photo))
      return object && { body: object.body, contentType: object.contentType ?? 'application/octet-stream' }
    },
  }
}

/** The photos whose records stand under a prefix, in order of the hash. */
export async function photosUnder(store: ObjectStore, prefix: string): Promise<string[]> {
  const photos: string[] = []
  for await (const { key } of store.list(prefix)) if (key.endsWith('.json')) photos.push(photoOfKey(key))
  return photos
}
