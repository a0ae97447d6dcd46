/**
 * Which files are photos: by name first, then by their first bytes, because names lie.
 * @module
 */
import { extname } from 'node:path'

const ENDINGS = new Set(['.jpg', '.jpeg', '.png', '.webp'])

/** For messages. */
export const PHOTO_KINDS = 'a JPEG, PNG or WebP'

/** Whether a file's name ends like a photo's, in any case. */
export function isPhotoName(name: string): boolean {
  return ENDINGS.has(extname(name).toLowerCase())
}

/** Whether bytes begin as a JPEG (ITU T.81), a PNG (ISO 15948) or a WebP (RFC 9649) does. */
export function looksLikePhoto(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(12, bytes.length)).toString('latin1')
  return (
    head.startsWith('\xff\xd8\xff') ||
    head.startsWith('\x89PNG\r\n\x1a\n') ||
    (head.startsWith('RIFF') && head.slice(8) === 'WEBP')
  )
}
