import { fetchBackbone } from '../../lib/registry/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'

/** Reads an object of the bucket; undefined where there is none. */
export type ReadObject = (key: string) => Promise<Uint8Array | undefined>

/** Where the cache has everything from. */
export interface Source {
  read: ReadObject
  /** Makes a backbone's folder, going on where the last call was. */
  fetchBackbone(hash: string, folder: string): Promise<void>
}

/** @param signal ends whatever is under way when it is asked for */
export function bucketSource(store: ObjectStore, signal: () => AbortSignal): Source {
  return {
    read: async (key) => (await store.get(key, { signal: signal() }))?.body,
    fetchBackbone: (hash, folder) => fetchBackbone(store, hash, folder, { signal: signal() }),
  }
}
