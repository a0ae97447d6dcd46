import type { Heartbeat } from '../../agent/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'

/**
 * Sends a request for a function on to an edge's own gateway.
 * @throws EdgeloopError UNAVAILABLE when the edge does not answer
 */
export async function relay({ edge, gateway }: Heartbeat, name: string, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  const url = new URL(`/function/${name}${pathname === '/' ? '' : pathname}${search}`, gateway)
  const init: RequestInit & { duplex: 'half' } = {
    method: request.method,
    headers: request.headers,
    body: request.body,
    duplex: 'half',
  }
  const response = await fetch(url, init).catch((cause: unknown) => {
    throw new EdgeloopError('UNAVAILABLE', `${edge} does not answer`, { where: edge, cause })
  })
  const headers = new Headers(response.headers)
  headers.set('X-Edge', edge)
  return new Response(response.body, { status: response.status, headers })
}
