import pLimit from 'p-limit'
import type { BackboneManifest } from '../../lib/backbone/index.ts'
import { featureStore } from '../../lib/dataset/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { decodeFloat16, encodeFloat16 } from '../../lib/float16/index.ts'
import { decodePhoto } from '../../lib/photo-decoder/index.ts'
import type { Runtime } from '../../lib/runtime/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'

/** How many objects are read at the same time. */
const READS = 32
/** Photos a call of the runtime: enough to keep it busy, few enough to report progress. */
const BATCH = 4

export interface GatherRequest {
  store: ObjectStore
  backbone: BackboneManifest
  /** Loaded only when some photo's features are missing. */
  runtime: () => Promise<Runtime>
  photos: readonly string[]
  /** The bytes of a photo whose features nobody has computed yet; NOT_FOUND where there are none. */
  readPhoto(photo: string): Promise<Uint8Array>
  /** @param done photos that are dealt with, of `total` */
  onProgress(done: number, total: number): void
}

export interface Gathered {
  /** D numbers a photo, by hash. */
  features: Map<string, Float32Array>
  /** Photos that nothing can be learnt from, with the reason: one of them must not stop all training. */
  leftOut: Map<string, string>
}

/**
 * The features of photos: from the bucket where an edge or an earlier run has put them, computed and put there
 * otherwise, so that each photo is computed once, ever.
 */
export async function gatherFeatures(request: GatherRequest): Promise<Gathered> {
  const { store, backbone, photos } = request
  const stored = featureStore(store, backbone.hash)
  const features = new Map<string, Float32Array>()
  const leftOut = new Map<string, string>()
  const read = pLimit(READS)
  const report = () => request.onProgress(features.size + leftOut.size, photos.length)

  await Promise.all(
    photos.map((photo) =>
      read(async () => {
        const values = await stored.get(photo)
        // Features of another length are another backbone's, whatever they were filed under.
        if (values?.length === backbone.featureSize) features.set(photo, values)
      })
    )
  )
  report()

  const missing = photos.filter((photo) => !features.has(photo))
  for (let at = 0; at < missing.length; at += BATCH) {
    const decoded = await Promise.all(missing.slice(at, at + BATCH).map(decode))
    await compute(decoded.filter((photo) => photo !== undefined))
    report()
  }
  return { features, leftOut }

  async function decode(photo: string): Promise<{ photo: string; pixels: Uint8Array } | undefined> {
    try {
      const bytes = await request.readPhoto(photo)
      return { photo, pixels: (await decodePhoto(bytes, { size: backbone.inputSize })).pixels }
    } catch (thrown) {
      if (!(thrown instanceof EdgeloopError && UNUSABLE.has(thrown.status))) throw thrown
      leftOut.set(photo, thrown.message)
      return undefined
    }
  }

  async function compute(batch: { photo: string; pixels: Uint8Array }[]): Promise<void> {
    if (batch.length === 0) return
    const computed = await (await request.runtime()).features(batch.map(({ pixels }) => pixels))
    await Promise.all(
      batch.map(async ({ photo }, i) => {
        const values = encodeFloat16(computed[i]!)
        await stored.put(photo, values)
        // What later runs will read, to the bit, so that a repeated run trains on the same numbers.
        features.set(photo, decodeFloat16(values))
      })
    )
  }
}

/** The photo is not there, or is no usable photo: trying again will not help. */
const UNUSABLE: ReadonlySet<number> = new Set([404, 413, 415, 422])
