import type { ServerResponse } from 'node:http'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import { sentTo } from '../../lib/forwarding/index.ts'
import type { Provider } from '../provider.ts'
import { Deadline } from './deadline.ts'
import type { Invocation } from './invocation.ts'

export interface ByProviderOptions {
  provider: Pick<Provider, 'invoke'>
  /** How long an invocation may take, in milliseconds. */
  timeoutMs: number
}

/**
 * Lets the provider answer.
 *
 * @param outgoing where the answer goes, for counting how it ended and bounding how long it takes; without it, how and when
 * it began counts
 * @throws EdgeloopError what the provider throws; TIMEOUT
 */
export async function answerByProvider(
  { provider, timeoutMs }: ByProviderOptions,
  invocation: Invocation,
  request: Request,
  outgoing: ServerResponse | undefined
): Promise<Response> {
  const { target } = invocation
  const stopping = new AbortController()
  const { signal } = stopping
  const deadline = new Deadline(target, timeoutMs, { stop: (why) => stopping.abort(why) })
  const leave = () => stopping.abort(request.signal.reason)
  request.signal.addEventListener('abort', leave, { once: true })
  const end = () => {
    deadline.clear()
    request.signal.removeEventListener('abort', leave)
  }
  try {
    request.signal.throwIfAborted()
    const from = outgoing?.req.socket.remoteAddress
    const passed = requestFor(invocation, request, signal, from)
    const answering = provider.invoke(target.name, passed, target.namespace)
    // Nobody waits for one that does not look at its signal.
    const answer = await Promise.race([answering, stopped(signal)])
    const response = new Response(answer.body, answer)
    const { headers } = response
    headers.set('X-Call-Id', invocation.callId)
    headers.set('X-Start-Time', invocation.startTime)
    headers.set('X-Duration-Seconds', invocation.seconds.toFixed(6))
    if (outgoing) followToItsEnd(invocation, deadline, response.status, outgoing, stopping, end)
    else {
      end()
      invocation.settle(response.status)
    }
    return response
  } catch (thrown) {
    end()
    // Nobody hears what is said to a caller that has gone.
    invocation.settle(request.signal.aborted ? 499 : asEdgeloopError(thrown).status)
    throw thrown
  }
}

function requestFor(
  { target, callId, startTime, consumedCredentials }: Invocation,
  request: Request,
  signal: AbortSignal,
  from: string | undefined
) {
  const headers = new Headers(request.headers)
  const host = headers.get('host')
  if (host !== null && !headers.has('x-forwarded-host')) headers.set('X-Forwarded-Host', host)
  if (from !== undefined) headers.append('X-Forwarded-For', from)
  headers.set('X-Call-Id', callId)
  headers.set('X-Start-Time', startTime)
  if (consumedCredentials) headers.delete('Authorization')
  const init: RequestInit & { duplex: 'half' } = {
    method: request.method,
    headers,
    body: request.body,
    signal,
    duplex: 'half',
  }
  // Not resolved against a base, for which `//x` would be another host.
  return sentTo(new Request(`${new URL(request.url).origin}${target.path}`, init), target.path)
}

const stopped = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  )

/** The time that an invocation may take is that of its whole answer. */
function followToItsEnd(
  invocation: Invocation,
  deadline: Deadline,
  status: number,
  outgoing: ServerResponse,
  stopping: AbortController,
  end: () => void
): void {
  deadline.running = {
    stop(why) {
      stopping.abort(why)
      // Nothing else tells the caller that something is missing.
      outgoing.destroy()
    },
  }
  const settle = () => {
    end()
    if (outgoing.writableFinished) invocation.settle(status)
    else if (deadline.over) invocation.settle(504)
    // The function broke off in the middle, or else the caller did.
    else invocation.settle(outgoing.errored ? 502 : 499)
  }
  if (outgoing.closed) settle()
  else outgoing.once('close', settle)
}
