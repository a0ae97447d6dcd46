import { EdgeloopError } from '../lib/errors/index.ts'
import { isRefusedForGood, type RefusedReceipt } from '../lib/messages/index.ts'
import { photoHash } from '../lib/photo/index.ts'

/** The receipt for a photo that will never be taken; undefined when coming again may help. */
export function refusalFor(bytes: Uint8Array, thrown: unknown): RefusedReceipt | undefined {
  if (!(thrown instanceof EdgeloopError)) return undefined
  const receipt = { photo: photoHash(bytes), error: thrown.message, code: thrown.code }
  return isRefusedForGood(receipt) ? receipt : undefined
}
