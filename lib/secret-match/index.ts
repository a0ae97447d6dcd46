/**
 * Whether somebody knows a secret, told in a time that says nothing about it.
 * @module
 */
import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * Compares with a secret that is configured.
 * @returns tells of what somebody has sent whether it is the secret
 */
export function secretMatch(expected: string): (given: string | Uint8Array) => boolean {
  const wanted = digest(expected)
  return (given) => timingSafeEqual(digest(given), wanted)
}

/** Of one length, whatever is compared. */
function digest(text: string | Uint8Array): Buffer {
  return createHash('sha256').update(text).digest()
}
