import { randomUUID } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { endToEnd, targetOf } from '../../lib/forwarding/index.ts'
import { type Invocations, readTarget } from '../invocations/index.ts'
import type { Provider } from '../provider.ts'
import type { Call } from './call.ts'
import type { CallQueue } from './call-queue.ts'
import { createDeliverer, queueOf } from './deliver-call.ts'
import { createCallbackDeliverer } from './deliver-callback.ts'
import { createWorkers } from './workers.ts'

export interface AsyncCallsOptions {
  queue: CallQueue
  provider: Pick<Provider, 'get'>
  invocations: Pick<Invocations, 'admit' | 'deliver'>
  /** How many calls of a function are under way at a time. */
  concurrency?: number
  /** How long one attempt may take, in milliseconds. */
  timeoutMs?: number
}

export interface AsyncCalls {
  /** `/async-function/*` */
  routes: Hono
  close(): Promise<void>
}

const CONCURRENCY = 8
const TIMEOUT_MS = 5 * 60_000
/** How long calls that run may take to end when the gateway stops; they are made again otherwise. */
const GRACE_MS = 2000

/**
 * Asynchronous calls: 202 once they are on disk, then the function is asked until it has answered.
 * https://docs.openfaas.com/reference/async/
 */
export function createAsyncCalls(options: AsyncCallsOptions): AsyncCalls {
  const { queue, provider, invocations, concurrency = CONCURRENCY, timeoutMs = TIMEOUT_MS } = options
  const { deliver } = invocations
  const calling = createWorkers({
    spool: queue.calls,
    concurrency,
    handle: createDeliverer({ queue, provider, deliver, timeoutMs }),
  })
  const answering = createWorkers({
    spool: queue.callbacks,
    concurrency,
    handle: createCallbackDeliverer(queue),
  })

  const routes = new Hono()
  routes.all('/async-function/*', async (c) => {
    const callId = c.req.header('x-call-id') || randomUUID()
    // For a refusal, too.
    c.header('X-Call-Id', callId)
    const call = await accept(c, callId)
    const key = repetitionKey(c.req.raw.headers)
    const { body } = c.req.raw
    const stored = body && (await queue.bodies.write(body, queue.room).catch(brokenOff(c.req.raw.signal)))
    const enqueued = await queue.calls
      .enqueue({ queue: queueOf(call), key, payload: { ...call, body: stored } })
      .catch(async (error: unknown) => {
        await queue.bodies.remove(stored)
        throw error
      })
    if (enqueued.duplicate) await queue.bodies.remove(stored)
    return c.body(null, 202)
  })

  /** Everything that can be said without its body. */
  async function accept(c: Context, callId: string): Promise<Call> {
    const target = readTarget(targetOf(c.req.raw).replace('/async-function/', '/function/'))
    const where = 'the path'
    if (!target) throw new EdgeloopError('NOT_FOUND', `${c.req.path} names no function`, { where })
    const openness = await invocations.admit(target, c.req.header('authorization'))
    if (openness === 'absent')
      throw new EdgeloopError('NOT_FOUND', `there is no function "${target.name}"`, { where })
    const headers = endToEnd(c.req.raw.headers)
    // The gateway's credentials are not the function's, and not for the disk.
    if (openness === 'protected') headers.delete('authorization')
    const host = c.req.header('host')
    if (host !== undefined && !headers.has('x-forwarded-host')) headers.set('X-Forwarded-Host', host)
    for (const name of ['host', 'content-length', 'expect', 'x-call-id', 'x-callback-url'])
      headers.delete(name)
    const callback = callbackOf(c.req.header('x-callback-url'))
    return { ...target, method: c.req.method, headers: [...headers], body: null, callId, callback }
  }

  return {
    routes,
    async close() {
      await Promise.all([calling.close(GRACE_MS), answering.close(GRACE_MS)])
    },
  }
}

/** What makes a caller's second attempt recognisable, where it says so. */
function repetitionKey(headers: Headers): string | undefined {
  const id = headers.get('idempotency-key') ?? headers.get('ce-id')
  if (!id) return undefined
  if (id.length <= 200) return `${headers.has('idempotency-key') ? 'key' : headers.get('ce-source')} ${id}`
  throw new EdgeloopError('INVALID_INPUT', 'the key has more than 200 characters', {
    where: headers.has('idempotency-key') ? 'Idempotency-Key' : 'ce-id',
  })
}

/** A caller that goes in the middle is no failure of the gateway. */
const brokenOff = (signal: AbortSignal) => (error: unknown) => {
  if (!signal.aborted || error instanceof EdgeloopError) throw error
  throw new EdgeloopError('INVALID_INPUT', 'the body broke off', { where: 'the body', cause: error })
}

function callbackOf(url: string | undefined): string | undefined {
  if (!url) return undefined
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url
  throw new EdgeloopError('INVALID_INPUT', 'this is no address that could be called back', {
    where: 'X-Callback-Url',
    hint: 'write it as http://HOST:PORT/PATH',
  })
}
