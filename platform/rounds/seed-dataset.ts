import pLimit from 'p-limit'
import { type LabelledCollection, labelledPhotos } from '../../lib/dataset/index.ts'
import { photoHash, sniffMediaType } from '../../lib/photo/index.ts'
import type { Platform } from '../platform.ts'
import type { LabelledPhoto, PhotoSupply } from './supply.ts'

/** How many photos are read and put at the same time. */
const WRITES = 16

/** Puts the golden and the seed photos into the bucket; what is there already stays. */
export async function seedDataset({ store, dataset }: Platform, supply: PhotoSupply): Promise<void> {
  const write = pLimit(WRITES)
  const put = async (collection: LabelledCollection, photos: readonly LabelledPhoto[]) => {
    const target = labelledPhotos(store, dataset, collection)
    const there = new Set(await target.list())
    const one = async ({ label, read }: LabelledPhoto) => {
      const bytes = await read()
      const photo = { hash: photoHash(bytes), size: bytes.length, mediaType: sniffMediaType(bytes) }
      if (!there.has(photo.hash)) await target.put({ photo, label }, bytes)
    }
    await Promise.all(photos.map((photo) => write(() => one(photo))))
  }
  await Promise.all([put('golden', supply.golden), put('seed', supply.seeds)])
}
