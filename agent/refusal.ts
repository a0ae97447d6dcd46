import { isDiskFull } from '../lib/database/index.ts'
import { EdgeloopError, type ErrorCode } from '../lib/errors/index.ts'
import { isRefusedForGood, type RefusedReceipt } from '../lib/messages/index.ts'
import { photoHash } from '../lib/photo/index.ts'

/**
 * The receipt for a photo that is not taken: never, or not now because there is no room for it; undefined when the reason
 * says nothing about the photo or the disk, and coming again is all there is to do.
 */
export function refusalFor(bytes: Uint8Array, thrown: unknown): RefusedReceipt | undefined {
  if (isDiskFull(thrown)) return refuse(bytes, 'OVERLOADED', 'the disk of this edge is full')
  if (!(thrown instanceof EdgeloopError)) return undefined
  const receipt = refuse(bytes, thrown.code, thrown.message)
  return thrown.code === 'OVERLOADED' || isRefusedForGood(receipt) ? receipt : undefined
}

function refuse(bytes: Uint8Array, code: ErrorCode, error: string): RefusedReceipt {
  return { photo: photoHash(bytes), error, code }
}
