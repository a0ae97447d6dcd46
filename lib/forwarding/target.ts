/** Targets that were sent otherwise than the URLs of their requests have them. */
const sent = new WeakMap<Request, string>()

/**
 * Remembers path and query of a request as they were sent. A `Request` cannot hold them: its URL resolves dots, turns
 * backslashes and escapes characters, and whoever passes it on has to pass on what came (RFC 9110, 7.7).
 *
 * @param target with a slash at its beginning
 */
export function sentTo(request: Request, target: string): Request {
  sent.set(request, target)
  return request
}

/** Path and query of a request as they were sent, byte for byte where that is known. */
export function targetOf(request: Request): string {
  const known = sent.get(request)
  if (known !== undefined) return known
  const { pathname, search } = new URL(request.url)
  return `${pathname}${search}`
}
