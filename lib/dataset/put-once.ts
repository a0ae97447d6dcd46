import { EdgeloopError } from '../errors/index.ts'
import type { ObjectStore } from '../s3/index.ts'

/** Writes what is written once and then stays. Returns false when something stands there already. */
export async function putOnce(store: ObjectStore, key: string, value: unknown): Promise<boolean> {
  try {
    await store.putJson(key, value, { ifAbsent: true })
    return true
  } catch (error) {
    if (error instanceof EdgeloopError && error.code === 'CONFLICT') return false
    throw error
  }
}
