import type { ServerResponse } from 'node:http'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import { withDeadline } from '../../lib/waiting/index.ts'
import type { InvocationMetrics } from '../metrics/index.ts'
import type { Provider } from '../provider.ts'
import type { Asked } from './direct.ts'
import { Invocation } from './invocation.ts'

export interface ByProviderOptions {
  provider: Pick<Provider, 'invoke'>
  metrics: InvocationMetrics | undefined
  /** How long an answer may let wait for it, in milliseconds. */
  timeoutMs: number
}

/**
 * Lets the provider answer.
 *
 * @param outgoing where the answer goes, for counting how it ended; without it, how it began counts
 * @throws EdgeloopError what the provider throws; TIMEOUT
 */
export async function answerByProvider(
  { provider, metrics, timeoutMs }: ByProviderOptions,
  { target, callId, openness }: Asked,
  request: Request,
  outgoing: ServerResponse | undefined
): Promise<Response> {
  const invocation = new Invocation(target, callId, openness, metrics)
  try {
    const answer = await withDeadline(request.signal, timeoutMs, (signal) =>
      provider.invoke(target.name, requestFor(invocation, request, signal), target.namespace)
    )
    const response = new Response(answer.body, answer)
    const { headers } = response
    headers.set('X-Call-Id', invocation.callId)
    headers.set('X-Start-Time', invocation.startTime)
    headers.set('X-Duration-Seconds', invocation.seconds.toFixed(6))
    countEnd(invocation, response.status, outgoing)
    return response
  } catch (thrown) {
    // Nobody hears what is said to a caller that has gone.
    invocation.settle(request.signal.aborted ? 499 : asEdgeloopError(thrown).status)
    throw thrown
  }
}

function requestFor(
  { target, callId, startTime, consumedCredentials }: Invocation,
  request: Request,
  signal: AbortSignal
) {
  const headers = new Headers(request.headers)
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
  return new Request(new URL(target.path, request.url), init)
}

function countEnd(invocation: Invocation, status: number, outgoing: ServerResponse | undefined): void {
  if (!outgoing) invocation.settle(status)
  else
    outgoing.once('close', () => {
      if (outgoing.writableFinished) invocation.settle(status)
      // The function broke off in the middle, or else the caller did.
      else invocation.settle(outgoing.errored ? 502 : 499)
    })
}
