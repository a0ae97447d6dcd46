import type { Agent } from 'node:http'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import { UNREPEATED_HINT } from '../../../lib/forwarding/index.ts'
import { Lost, mayRepeat, Refused, replayable, send } from '../sending/index.ts'

export interface PodsToAsk {
  /** The function's name, for messages. */
  name: string
  agent: Agent
  /** The next pod, as `http://HOST:PORT`. */
  originOf(avoid: ReadonlySet<string>): Promise<string>
}

/**
 * Sends a request to a pod of a function: another one takes what one has not taken, and one whose connection had been
 * closed for being idle is asked once more, where that does no harm.
 *
 * @throws EdgeloopError UNAVAILABLE when none takes a connection, BAD_GATEWAY when one breaks off
 */
export async function askPods({ name, agent, originOf }: PodsToAsk, request: Request): Promise<Response> {
  const body = request.body ? replayable(request.body) : undefined
  const avoid = new Set<string>()
  let repeated = false
  for (;;) {
    const origin = await originOf(avoid)
    const { hostname, port } = new URL(origin)
    const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
    try {
      return await send(address, request, body, agent)
    } catch (cause) {
      const isWhole = !body || body.replayable
      if (cause instanceof Refused && isWhole) avoid.add(origin)
      else if (cause instanceof Lost && cause.reused && isWhole && !repeated && mayRepeat(request))
        repeated = true
      else if (cause instanceof Refused)
        throw new EdgeloopError('UNAVAILABLE', `${name} takes no connection`, { where: name, cause })
      else if (cause instanceof Lost)
        throw new EdgeloopError('BAD_GATEWAY', `${name} broke off before it answered`, {
          where: name,
          hint: mayRepeat(request) ? `look at what it wrote: faas-cli logs ${name}` : UNREPEATED_HINT,
          cause,
        })
      else throw cause
    }
  }
}
