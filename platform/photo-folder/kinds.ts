/**
 * Which files are photos: by name first, then by their first bytes, because names lie.
 * @module
 */
import { extname } from 'node:path'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { sniffMediaType } from '../../lib/photo/index.ts'

const ENDINGS = new Set(['.jpg', '.jpeg', '.png', '.webp'])

/** Whether a file's name ends like a photo's, in any case. */
export function isPhotoName(name: string): boolean {
  return ENDINGS.has(extname(name).toLowerCase())
}

/** Why bytes cannot be a photo, or undefined when they can. */
export function whyNoPhoto(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'it is empty'
  try {
    sniffMediaType(bytes)
    return undefined
  } catch (error) {
    if (error instanceof EdgeloopError) return error.message
    throw error
  }
}
