import { decodeBase64 } from './base64.ts'
import { debugText } from './debug-text.ts'
import { bytesOf, findMember, type JsonDocument, Kind, sizeOf } from './document.ts'
import { invalidArgument } from './serving-error.ts'
import type { Slices } from './slices.ts'

/** The string of `{"b64": "…"}`: an object with that one member, which is a string. */
function base64Of(document: JsonDocument, node: number): number | undefined {
  if (document.kinds[node] !== Kind.OBJECT || sizeOf(document, node) !== 1) return undefined
  const value = findMember(document, node, 'b64')
  return value !== undefined && document.kinds[value] === Kind.STRING ? value : undefined
}

/** Whether a value stands for bytes. */
export function isBase64(document: JsonDocument, node: number): boolean {
  return base64Of(document, node) !== undefined
}

/**
 * The bytes that `{"b64": "…"}` stands for.
 * @throws ServingError INVALID_ARGUMENT for another object, or other text
 */
export function* readBase64(document: JsonDocument, node: number): Slices<Uint8Array> {
  const value = base64Of(document, node)
  if (value === undefined) {
    throw invalidArgument(`JSON Value: ${debugText(document, node)} not formatted correctly for base64 data`)
  }
  const bytes = yield* decodeBase64(bytesOf(document, value))
  if (!bytes) throw invalidArgument('Unable to base64 decode')
  return bytes
}
