/**
 * Photos: what they are called, how large they may be, and which look alike.
 * @module
 */
import { createHash } from 'node:crypto'

export { alignment } from './alignment.ts'
export { fetchPhoto } from './fetch-photo.ts'
export { thumbnailOf } from './grey.ts'
export { MAX_PHOTO_BYTES, SMALLER_PHOTO } from './limits.ts'
export { hammingDistance, perceptualHash } from './perceptual-hash.ts'
export { type PhotoMediaType, sniffMediaType } from './sniff.ts'

/** A photo's name everywhere: the SHA-256 of its bytes, 64 lowercase hex digits. */
export function photoHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
