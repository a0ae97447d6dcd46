import { EdgeloopError } from '../../../lib/errors/index.ts'
import { endToEnd, targetOf } from '../../../lib/forwarding/index.ts'
import { functionPath } from '../../function-path.ts'
import { createPlacedProvider, type PlacedProvider, type Reach } from '../placed/index.ts'

export interface RemoteProviderOptions {
  /** The cloud's gateway. */
  gateway: string
  /** The `Authorization` header that the gateway asks for, where it does. */
  authorization?: string
  /** Where the list is kept for when the gateway is out of reach. */
  directory: string
  /** How often the gateway is asked without a reason, in milliseconds. */
  pollMs?: number
}

/** The cloud's functions, invoked through its gateway: for a connector in a process of its own. */
export function createRemoteProvider(options: RemoteProviderOptions): PlacedProvider {
  return createPlacedProvider({
    name: 'edgeloop-remote',
    place: 'cloud',
    ...options,
    reach: throughGateway(options),
  })
}

function throughGateway({ gateway, authorization }: RemoteProviderOptions): Reach {
  return {
    apply: async () => [],
    answers: () => true,
    async invoke(fn, request) {
      const url = new URL(functionPath(fn.name, fn.namespace, targetOf(request)), gateway)
      const headers = endToEnd(request.headers)
      // What the gateway does not ask for would go on to the function.
      if (authorization !== undefined && fn.annotations?.['edgeloop.dev/auth'] === 'gateway')
        headers.set('Authorization', authorization)
      const init: RequestInit & { duplex: 'half' } = {
        method: request.method,
        headers,
        body: request.body,
        duplex: 'half',
        // Whoever asked decides whether to follow.
        redirect: 'manual',
        signal: request.signal,
      }
      const response = await fetch(url, init).catch((cause: unknown) => {
        request.signal.throwIfAborted()
        throw new EdgeloopError('UNAVAILABLE', 'the gateway does not answer', { where: url.href, cause })
      })
      const rest = endToEnd(response.headers)
      // The body arrives here unpacked.
      if (rest.has('content-encoding'))
        for (const name of ['content-encoding', 'content-length']) rest.delete(name)
      return new Response(response.body, { status: response.status, headers: rest })
    },
    origin: async () => undefined,
    close: async () => {},
  }
}
