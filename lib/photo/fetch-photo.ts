import { createHash } from 'node:crypto'
import { EdgeloopError } from '../errors/index.ts'
import type { PhotoReference } from '../events/index.ts'

/**
 * Reads the photo from this node's photo store and verifies it.
 *
 * @throws EdgeloopError UNAVAILABLE when the store does not answer (try again), UNPROCESSABLE when it no longer has
 *   the photo, CORRUPT when the bytes are not those of the hash
 */
export async function fetchPhoto({ url, hash }: PhotoReference): Promise<Uint8Array> {
  if (!url)
    throw new EdgeloopError(
      'INVALID_INPUT',
      'the policy wants the photo, but the event does not say where it is',
      {
        where: 'data.photo.url',
        hint: 'send the URL of the photo on this node, or set the uplink to "features"',
      }
    )
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) }).catch((cause: unknown) => {
    throw new EdgeloopError('UNAVAILABLE', 'the photo store does not answer', { where: url, cause })
  })
  if (response.status === 404)
    throw new EdgeloopError('UNPROCESSABLE', `photo ${hash} is no longer on this node`, { where: url })
  if (!response.ok)
    throw new EdgeloopError('UNAVAILABLE', `the photo store answered ${response.status}`, { where: url })
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (createHash('sha256').update(bytes).digest('hex') !== hash)
    throw new EdgeloopError('CORRUPT', 'the bytes of the photo do not match its hash', { where: url })
  return bytes
}
