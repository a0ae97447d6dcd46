import type { ObjectStore } from '../s3/index.ts'
import { isConflict } from './change-json.ts'

/** Writes what is written once and then stays. Returns false when something stands there already. */
export async function putOnce(store: ObjectStore, key: string, value: unknown): Promise<boolean> {
  try {
    await store.putJson(key, value, { ifAbsent: true })
    return true
  } catch (error) {
    if (isConflict(error)) return false
    throw error
  }
}
