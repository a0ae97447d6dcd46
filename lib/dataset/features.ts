import { EdgeloopError } from '../errors/index.ts'
import { decodeFloat16 } from '../float16/index.ts'
import type { ObjectStore } from '../s3/index.ts'
import { featuresKey } from './keys.ts'

/** Features by photo, for one backbone: float16 in the bucket, float32 in memory. */
export function featureStore(store: ObjectStore, backbone: string) {
  return {
    /** @throws EdgeloopError CORRUPT when what is stored are no float16 numbers */
    async get(photo: string): Promise<Float32Array | undefined> {
      const key = featuresKey(backbone, photo)
      const object = await store.get(key)
      if (!object) return undefined
      try {
        return decodeFloat16(object.body)
      } catch (cause) {
        throw new EdgeloopError('CORRUPT', `the features of photo ${photo} cannot be read`, {
          where: key,
          hint: 'delete the object: it is computed anew where the photo is at hand',
          cause,
        })
      }
    },

    /** @param values float16, little-endian */
    async put(photo: string, values: Uint8Array): Promise<void> {
      await store.put(featuresKey(backbone, photo), values)
    },
  }
}
