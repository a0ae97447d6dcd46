import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { EdgeloopError } from '../../lib/errors/index.ts'

const HASH = /^[0-9a-f]{64}$/

/** The name of a photo: the SHA-256 of its bytes, in lower-case hex. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** `INVALID_INPUT` when it is no hash; so that no path is ever built from anything else. */
export function assertHash(hash: string): void {
  if (HASH.test(hash)) return
  throw new EdgeloopError('INVALID_INPUT', 'a photo is named by 64 lower-case hex digits', {
    where: hash.slice(0, 80),
    hint: 'Use the SHA-256 of its bytes.',
  })
}

/**
 * The folder and the file of a photo: one of 256 folders. More of them would stay smaller, but each folder that is made has to
 * be on disk before its first photo is, and with 65,536 nearly every photo would wait for that.
 */
export function placeOf(directory: string, hash: string) {
  assertHash(hash)
  const folder = join(directory, hash.slice(0, 2))
  return { folder, file: join(folder, hash) }
}

/** Where photos are written before they have their name: on the same file system, or rename would copy. */
export function temporaryDirectory(directory: string): string {
  return join(directory, 'tmp')
}

export function isHash(name: string): boolean {
  return HASH.test(name)
}
