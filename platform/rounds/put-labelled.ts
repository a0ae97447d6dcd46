import pLimit from 'p-limit'
import { type LabelledCollection, labelledPhotos } from '../../lib/dataset/index.ts'
import { photoHash, sniffMediaType } from '../../lib/photo/index.ts'
import type { Platform } from '../platform.ts'
import type { LabelledPhoto } from './supply.ts'

/** How many photos are read and put at the same time. */
const WRITES = 16

/** Puts labelled photos into the bucket; what is there already stays. */
export async function putLabelled(
  { store, dataset }: Platform,
  collection: LabelledCollection,
  photos: readonly LabelledPhoto[],
  signal: AbortSignal
): Promise<void> {
  const write = pLimit(WRITES)
  const target = labelledPhotos(store, dataset, collection)
  const there = new Set(await target.list())
  const put = async ({ label, read }: LabelledPhoto) => {
    signal.throwIfAborted()
    const bytes = await read()
    const photo = { hash: photoHash(bytes), size: bytes.length, mediaType: sniffMediaType(bytes) }
    if (!there.has(photo.hash)) await target.put({ photo, label }, bytes)
  }
  await Promise.all(photos.map((photo) => write(() => put(photo))))
}
