import { readBody } from '../../lib/body/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { SMALLER_PHOTO } from '../../lib/photo/index.ts'

/**
 * Reads a plain photo from a request's body, but never more than the limit.
 *
 * @throws EdgeloopError INVALID_INPUT when it is empty, TOO_LARGE past the limit, UNAVAILABLE when it breaks off
 */
export async function readPhoto(
  request: Request,
  maxBytes: number,
  onBytes: (count: number) => void
): Promise<Uint8Array> {
  const bytes = await readBody(request, {
    what: 'the photo',
    maxBytes,
    hint: SMALLER_PHOTO,
    onBytes,
  })
  if (bytes.length === 0)
    throw new EdgeloopError('INVALID_INPUT', 'the body is empty', {
      where: 'body',
      hint: 'send the bytes of a JPEG, PNG or WebP: curl --data-binary @photo.jpg …',
    })
  return bytes
}
