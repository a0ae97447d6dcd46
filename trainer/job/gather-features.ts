import pLimit from 'p-limit'
import { featureStore } from '../../lib/dataset/index.ts'
import { decodeFloat16, encodeFloat16 } from '../../lib/float16/index.ts'
import { decodePhoto } from '../../lib/photo/index.ts'
import type { Runtime } from '../../lib/runtime/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'

/** How many objects are read at the same time. */
const READS = 32
/** Photos a call of the runtime: enough to keep it busy, few enough to report progress. */
const BATCH = 4

export interface GatherRequest {
  store: ObjectStore
  /** Loaded only when some photo's features are missing. */
  runtime: () => Promise<Runtime>
  backbone: string
  photos: readonly string[]
  /** The bytes of a photo whose features nobody has computed yet. */
  readPhoto(photo: string): Promise<Uint8Array>
  /** @param done photos that have their features, of `total` */
  onProgress(done: number, total: number): void
}

/**
 * The features of photos: from the bucket where an edge or an earlier run has put them, computed and put there
 * otherwise, so that each photo is computed once, ever.
 *
 * @returns D numbers a photo, by hash
 */
export async function gatherFeatures(request: GatherRequest): Promise<Map<string, Float32Array>> {
  const { store, backbone, photos, onProgress } = request
  const features = featureStore(store, backbone)
  const found = new Map<string, Float32Array>()
  const read = pLimit(READS)
  const report = () => onProgress(found.size, photos.length)

  await Promise.all(
    photos.map((photo) =>
      read(async () => {
        const values = await features.get(photo)
        if (values) found.set(photo, values)
      })
    )
  )
  report()

  const missing = photos.filter((photo) => !found.has(photo))
  if (missing.length === 0) return found
  const runtime = await request.runtime()
  const size = runtime.backbone.inputSize
  for (let at = 0; at < missing.length; at += BATCH) {
    const batch = missing.slice(at, at + BATCH)
    const pixels = batch.map(
      async (photo) => (await decodePhoto(await request.readPhoto(photo), { size })).pixels
    )
    const computed = await runtime.features(await Promise.all(pixels))
    await Promise.all(
      batch.map(async (photo, i) => {
        const stored = encodeFloat16(computed[i]!)
        await features.put(photo, stored)
        // What later runs will read, to the bit, so that a repeated run trains on the same numbers.
        found.set(photo, decodeFloat16(stored))
      })
    )
    report()
  }
  return found
}
