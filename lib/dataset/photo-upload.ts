import { asEdgeloopError } from '../errors/index.ts'
import type { ObjectStore, RequestOptions } from '../s3/index.ts'

/** A photo of more bytes goes up in parts, so that a line that breaks does not cost all of it. */
const WHOLE_BYTES = 8 * 2 ** 20

/** An upload that nobody went on with for so long is given up, in milliseconds: its photo may be gone. */
const ABANDONED_MS = 24 * 60 * 60_000

/**
 * Puts a photo under a key that its hash is in. A large one goes on where the last attempt broke off.
 *
 * @param photos the prefix of all such keys; below it, uploads that somebody gave up a day ago are forgotten
 */
export async function putPhoto(
  store: ObjectStore,
  photos: string,
  { key, bytes, mediaType }: { key: string; bytes: Uint8Array; mediaType: string },
  { signal }: RequestOptions = {}
): Promise<void> {
  const options = { contentType: mediaType, signal }
  if (bytes.length <= WHOLE_BYTES) {
    await store.put(key, bytes, options)
    return
  }
  await store.putInParts(key, bytes, options)
  await store
    .abortUploads(photos, new Date(Date.now() - ABANDONED_MS), { signal })
    .catch((error: unknown) => {
      // The photo is up. Whoever uploads the next large one tries again.
      console.error(`abandoned uploads stay: ${asEdgeloopError(error).message}`)
    })
}
