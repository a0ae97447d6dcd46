import { createComputeOnce } from '../../compute-once/index.ts'
import { EdgeloopError } from '../../errors/index.ts'
import { type ReadFeatures, unitFeatures } from '../../labelling/index.ts'
import type { ObjectStore } from '../../s3/index.ts'
import { featureStore } from '../features.ts'

/** Photos whose features stay in memory, of about 5 KB each. */
const KEPT = 2000

/** Features from the bucket; each is read once, as long as it is used. */
export function knownFeatures(store: ObjectStore): ReadFeatures {
  const known = createComputeOnce<Float32Array | undefined>({ keep: KEPT })
  return (backbone, photo) =>
    known.get(`${backbone}/${photo}`, async () => {
      const found = await featureStore(store, backbone)
        .get(photo)
        .catch((error: unknown) => {
          // Only the order in which people are asked depends on it.
          if (error instanceof EdgeloopError && error.code === 'CORRUPT') return undefined
          throw error
        })
      return found && unitFeatures(found)
    })
}
