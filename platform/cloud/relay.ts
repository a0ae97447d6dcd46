import type { Heartbeat } from '../../agent/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'

/** What belongs to one connection and not to the message (RFC 9110, 7.6.1), and what the next hop decides anew. */
const OF_THE_CONNECTION = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
]

/**
 * Sends a request for a function on to an edge's own gateway.
 * @throws EdgeloopError UNAVAILABLE when the edge does not answer
 */
export async function relay({ edge, gateway }: Heartbeat, name: string, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  const url = new URL(`/function/${name}${pathname === '/' ? '' : pathname}${search}`, gateway)
  const init: RequestInit & { duplex: 'half' } = {
    method: request.method,
    headers: without(request.headers, OF_THE_CONNECTION),
    body: request.body,
    duplex: 'half',
    // Whoever asked decides whether to follow.
    redirect: 'manual',
    signal: request.signal,
  }
  const response = await fetch(url, init).catch((cause: unknown) => {
    throw new EdgeloopError('UNAVAILABLE', `${edge} does not answer`, { where: edge, cause })
  })
  // The body arrives here unpacked.
  const packed = response.headers.has('content-encoding') ? ['content-encoding', 'content-length'] : []
  const headers = without(response.headers, [...OF_THE_CONNECTION, ...packed])
  headers.set('X-Edge', edge)
  return new Response(response.body, { status: response.status, headers })
}

function without(headers: Headers, names: readonly string[]): Headers {
  const rest = new Headers(headers)
  for (const name of names) rest.delete(name)
  return rest
}
