import { decodeFloat16 } from '../float16/index.ts'
import type { ObjectStore } from '../s3/index.ts'
import { featuresKey } from './keys.ts'

/** Features by photo, for one backbone: float16 in the bucket, float32 in memory. */
export function featureStore(store: ObjectStore, backbone: string) {
  return {
    async get(photo: string): Promise<Float32Array | undefined> {
      const object = await store.get(featuresKey(backbone, photo))
      return object && decodeFloat16(object.body)
    },

    /** @param values float16, little-endian */
    async put(photo: string, values: Uint8Array): Promise<void> {
      await store.put(featuresKey(backbone, photo), values)
    },
  }
}
