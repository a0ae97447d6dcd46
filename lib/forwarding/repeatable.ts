/** Methods that do no more when they are carried out twice. RFC 9110, 9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])

/** Headers by which whoever carries a request out knows it again: an event's id, and the key of an API. */
const RECOGNISABLE = ['ce-id', 'idempotency-key']

/**
 * Whether a request may be sent again when a connection broke over it: whoever had it may have carried it out already.
 * RFC 9110, 9.2.2; nginx and Go's `net/http` hold it the same way.
 *
 * @param has whether the request has a header, named in lower case
 */
export function isRepeatable(method: string, has: (name: string) => boolean): boolean {
  return IDEMPOTENT.has(method) || RECOGNISABLE.some(has)
}

/** What whoever sent a request can do that was not repeated. */
export const UNREPEATED_HINT =
  'it may have been carried out: look before sending it again; one with an Idempotency-Key or ce-id header is repeated'
