import { EdgeloopError } from '../../lib/errors/index.ts'

/**
 * Reads a request's body, but never more than the limit.
 *
 * @throws EdgeloopError INVALID_INPUT when it is empty, TOO_LARGE past the limit, UNAVAILABLE when it breaks off
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = new EdgeloopError('TOO_LARGE', `the photo has more than ${maxBytes} bytes`, {
    where: 'body',
    hint: 'send a smaller photo, or raise MAX_PHOTO_BYTES',
  })
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.length
      if (size > maxBytes) throw tooLarge
      chunks.push(chunk)
    }
  } catch (cause) {
    if (cause === tooLarge) throw cause
    throw new EdgeloopError('UNAVAILABLE', 'the photo broke off on its way', { where: 'body', cause })
  }
  if (size === 0)
    throw new EdgeloopError('INVALID_INPUT', 'the body is empty', {
      where: 'body',
      hint: 'send the bytes of a JPEG, PNG or WebP: curl --data-binary @photo.jpg …',
    })
  return Buffer.concat(chunks, size)
}
