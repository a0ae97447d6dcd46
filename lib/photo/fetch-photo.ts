import { createHash } from 'node:crypto'
import { readBody } from '../body/index.ts'
import { EdgeloopError } from '../errors/index.ts'
import type { PhotoReference } from '../events/index.ts'
import { MAX_PHOTO_BYTES, SMALLER_PHOTO } from './limits.ts'

/** Long enough for the largest photo from a slow disk. */
const TIMEOUT_MS = 30_000

/**
 * Reads the photo from this node's photo store and verifies it.
 *
 * @throws EdgeloopError UNAVAILABLE when the store does not answer (try again), UNPROCESSABLE when it no longer has
 *   the photo, what `onBytes` throws, TOO_LARGE when that is no photo's size, CORRUPT when the bytes are not those of the hash
 */
export async function fetchPhoto(
  { url, hash }: PhotoReference,
  onBytes?: (count: number) => void
): Promise<Uint8Array> {
  if (!url)
    throw new EdgeloopError('INVALID_INPUT', 'the event does not say where the photo is', {
      where: 'data.photo.url',
      hint: 'send the URL of the photo on this node',
    })
  const unavailable = (cause: unknown): never => {
    throw new EdgeloopError('UNAVAILABLE', 'the photo store does not answer', { where: url, cause })
  }
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(unavailable)
  if (response.status === 404)
    throw new EdgeloopError('UNPROCESSABLE', `photo ${hash} is no longer on this node`, { where: url })
  if (!response.ok)
    throw new EdgeloopError('UNAVAILABLE', `the photo store answered ${response.status}`, { where: url })
  const limit = { what: 'the photo', maxBytes: MAX_PHOTO_BYTES, hint: SMALLER_PHOTO, onBytes }
  const bytes = await readBody(response, limit)
  if (createHash('sha256').update(bytes).digest('hex') !== hash)
    throw new EdgeloopError('CORRUPT', 'the bytes of the photo do not match its hash', { where: url })
  return bytes
}
