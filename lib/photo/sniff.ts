/**
 * Tells a photo's format by its first bytes: what a sender claims is not trusted.
 * @module
 */
import { EdgeloopError } from '../errors/index.ts'

export type PhotoMediaType = 'image/jpeg' | 'image/png' | 'image/webp'

/** @throws UNSUPPORTED_MEDIA for anything but JPEG, PNG and WebP */
export function sniffMediaType(bytes: Uint8Array): PhotoMediaType {
  const has = (offset: number, text: string) => text === latin1(bytes.subarray(offset, offset + text.length))
  if (has(0, '\xff\xd8\xff')) return 'image/jpeg'
  if (has(0, '\x89PNG\r\n\x1a\n')) return 'image/png'
  if (has(0, 'RIFF') && has(8, 'WEBP')) return 'image/webp'
  throw new EdgeloopError('UNSUPPORTED_MEDIA', 'this is not a JPEG, PNG or WebP photo', {
    hint: 'Send image/jpeg, image/png or image/webp.',
  })
}

const latin1 = (bytes: Uint8Array) => String.fromCharCode(...bytes)
