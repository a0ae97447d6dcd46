import { debugText } from './debug-text.ts'
import { findMember, type JsonDocument, Kind, ROOT, textOf } from './document.ts'
import { readJson } from './read-json.ts'
import { invalidArgument, type ServingError } from './serving-error.ts'
import type { Slices } from './slices.ts'

/** A body that is an object, and which signature it asks for. */
export interface JsonRequest {
  document: JsonDocument
  /** Empty: the default one. */
  signatureName: string
}

/**
 * Reads what all requests have in common.
 * @param body is kept and written to
 * @throws ServingError INVALID_ARGUMENT
 */
export function* readRequest(body: Uint8Array): Slices<JsonRequest> {
  const document = yield* readJson(body)
  if (document.kinds[ROOT] !== Kind.OBJECT) throw formatError(document, 'Is not object')
  const name = findMember(document, ROOT, 'signature_name')
  if (name !== undefined && document.kinds[name] !== Kind.STRING) {
    throw formatError(document, "not formatted correctly. 'signature_name' key must be a string value.")
  }
  return { document, signatureName: name === undefined ? '' : textOf(document, name) }
}

/** Something about the whole document is not as it should be. */
export function formatError(document: JsonDocument, what: string): ServingError {
  return invalidArgument(`JSON Value: ${debugText(document, ROOT)} ${what}`)
}
