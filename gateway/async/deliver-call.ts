import { setTimeout as sleep } from 'node:timers/promises'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import { endToEnd, sentTo } from '../../lib/forwarding/index.ts'
import type { Entry, Outcome } from '../../lib/spool/index.ts'
import { withDeadline } from '../../lib/waiting/index.ts'
import type { Invocations } from '../invocations/index.ts'
import type { Provider } from '../provider.ts'
import type { StoredBody } from './body-store.ts'
import type { Call } from './call.ts'
import type { CallQueue } from './call-queue.ts'
import { retryPolicyOf, waitMs } from './retry-policy.ts'

export interface DelivererOptions {
  queue: CallQueue
  provider: Pick<Provider, 'get'>
  deliver: Invocations['deliver']
  /** How long one attempt may take, in milliseconds. */
  timeoutMs: number
}

/** How one attempt ended. */
interface Answer {
  status: number
  headers: [string, string][]
  /** Kept where somebody asked for it. */
  body: StoredBody | null
  /** The function was not reached, or did not come to its end. */
  isInternal?: boolean
  /** What it said of a failure. */
  why: string
  retryAfterMs: number
}

/** A function that is full is asked again after so long without having failed, in milliseconds. */
const FULL_PAUSE_MS = 1000
/** So much of a failure's text is kept, in characters. */
const WHY_LENGTH = 2000

/** Makes what sends one call to its function, and settles it. */
export function createDeliverer({ queue, provider, deliver, timeoutMs }: DelivererOptions) {
  const { bodies, callbacks, calls } = queue

  return async (entry: Entry<Call>, stopped: AbortSignal): Promise<Outcome> => {
    const { payload: call, attempts } = entry
    const began = Date.now()
    const policy = retryPolicyOf((await provider.get(call.name, call.namespace))?.annotations)
    const answer = await withDeadline(stopped, timeoutMs, (signal) => ask(call, signal)).catch(failed)
    // A failure was most likely the stop's own; an answer that has come counts.
    if (stopped.aborted && answer.isInternal) throw stopped.reason
    const { status } = answer
    const again = policy.codes.has(status) || (answer.isInternal && status >= 500)
    if (again && attempts + 1 < policy.attempts) {
      await bodies.remove(answer.body)
      const wait = Math.max(waitMs(policy, attempts), Math.min(answer.retryAfterMs, policy.maxWaitMs))
      return { error: answer.why, retryAfterMs: wait }
    }
    const report = () => reportSync(call, answer, began)
    if (status >= 400) return { dead: answer.why, commit: report }
    return {
      done: true,
      commit() {
        report()
        calls.database.afterCommit(() => void bodies.remove(call.body))
      },
    }
  }

  /** The answer goes out when the call is over, and as surely. */
  function reportSync(call: Call, { status, headers, body }: Answer, began: number): void {
    if (call.callback === undefined) return
    callbacks.enqueueSync({
      queue: queueOf(call),
      payload: {
        url: call.callback,
        callId: call.callId,
        body,
        headers: [
          ...headers,
          ['X-Call-Id', call.callId],
          ['X-Start-Time', `${began}000000`],
          ['X-Duration-Seconds', ((Date.now() - began) / 1000).toFixed(6)],
          ['X-Function-Name', call.name],
          ['X-Function-Status', String(status)],
        ],
      },
    })
  }

  async function ask(call: Call, signal: AbortSignal): Promise<Answer> {
    for (;;) {
      const over = new AbortController()
      try {
        const response = await deliver(call, call.callId, requestOf(call, signal, over.signal))
        if (response.status !== 429) return await read(call, response)
        await response.body?.cancel()
        // It has no room, which is no failure. Waiting here also means that fewer ask at a time.
        await sleep(Math.max(FULL_PAUSE_MS, retryAfterMs(response)), undefined, { signal })
      } finally {
        over.abort()
      }
    }
  }

  function requestOf(call: Call, signal: AbortSignal, over: AbortSignal): Request {
    const headers = new Headers(call.headers)
    if (call.body) headers.set('Content-Length', String(call.body.size))
    const init: RequestInit & { duplex: 'half' } = {
      method: call.method,
      headers,
      body: call.body && bodies.read(call.body, over),
      signal,
      duplex: 'half',
    }
    return sentTo(new Request(`http://${call.name}${call.path}`, init), call.path)
  }

  async function read(call: Call, response: Response): Promise<Answer> {
    const { status } = response
    const headers = [...endToEnd(response.headers)].filter(([name]) => !OWN.has(name))
    const answer = { status, headers, body: null, why: '', retryAfterMs: retryAfterMs(response) }
    if (call.callback !== undefined) {
      const body = response.body && (await bodies.write(response.body))
      return { ...answer, body, why: `it answered ${status}` }
    }
    if (status >= 400) return { ...answer, why: `${status}: ${(await response.text()).slice(0, WHY_LENGTH)}` }
    // Only an answer that came to its end says that the function did.
    for await (const _chunk of response.body ?? []);
    return answer
  }
}

/** What is written anew for a callback. */
const OWN: ReadonlySet<string> = new Set([
  'content-length',
  'x-call-id',
  'x-start-time',
  'x-duration-seconds',
])

/** What the gateway would have answered. */
function failed(thrown: unknown): Answer {
  const { status, message } = asEdgeloopError(thrown)
  return { status, headers: [], body: null, isInternal: true, why: `${status}: ${message}`, retryAfterMs: 0 }
}

function retryAfterMs({ headers }: Response): number {
  const value = headers.get('retry-after') ?? ''
  return /^\d{1,6}$/.test(value) ? Number(value) * 1000 : 0
}

/** The queue of a function's calls. */
export const queueOf = ({ name, namespace }: Pick<Call, 'name' | 'namespace'>): string =>
  `${name}.${namespace}`
