import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Context, Hono } from 'hono'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { targetOf } from '../../lib/forwarding/index.ts'
import type { NodeBindings } from '../../lib/web-server/index.ts'
import { type Authenticator, createAuthenticator } from '../auth/index.ts'
import type { InvocationMetrics } from '../metrics/index.ts'
import type { Provider } from '../provider.ts'
import { answerError, refuse } from '../refusals/index.ts'
import { createConnectionPool } from '../upstream/index.ts'
import { admit } from './admission.ts'
import { answerByProvider } from './by-provider.ts'
import { answerDirectly } from './direct.ts'
import { Invocation } from './invocation.ts'
import { createProtection, type Openness } from './protection.ts'
import { readTarget, type Target } from './target.ts'

export interface InvocationOptions {
  /** For functions that ask for the gateway's credentials; everybody may invoke them when absent. */
  authenticator?: Authenticator
  metrics?: InvocationMetrics
  /** How long an invocation may take, in milliseconds; five minutes when absent, for a large photo over a slow line. */
  timeoutMs?: number
}

/** A Hono app of the gateway; without `c.env` it is asked by a test. */
export type GatewayApp = Hono<{ Bindings: Partial<NodeBindings> }>

/** What a web server does before it asks the app. */
export interface Shortcut {
  /**
   * Answers where a function can be connected to directly: without this, the provider does it, and Request and Response
   * objects cost more than all the rest.
   */
  intercept(incoming: IncomingMessage, outgoing: ServerResponse, next: () => void): void
  close(): void | Promise<void>
}

/** `/function/*` and `/healthz`: all that an edge's gateway has, which never deploys. */
export interface Invocations extends GatewayApp, Shortcut {
  /** To be called when functions have changed: who may invoke them is looked at anew. */
  changed(): void
  /**
   * Whether a function is there and this caller may invoke it.
   * @throws EdgeloopError UNAUTHENTICATED
   */
  admit(target: Target, authorization: string | undefined): Promise<Openness>
  /**
   * Sends what was admitted before, and counts it.
   * @throws EdgeloopError what the provider throws; TIMEOUT
   */
  deliver(target: Target, callId: string, request: Request): Promise<Response>
}

const TIMEOUT_MS = 5 * 60_000

export function createInvocations(provider: Provider, options: InvocationOptions = {}): Invocations {
  const { authenticator = createAuthenticator(), metrics, timeoutMs = TIMEOUT_MS } = options
  const pool = createConnectionPool()
  const protection = createProtection(provider)
  const direct = { provider, pool, metrics, timeoutMs }
  const byProvider = { provider, timeoutMs }
  /** Those that the app is asked to answer. */
  const begun = new WeakMap<IncomingMessage, Invocation>()

  /** @returns false when the app has to */
  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<boolean> {
    const target = readTarget(incoming.url ?? '')
    if (!target) return false
    const { authorization } = incoming.headers
    const callId = (incoming.headers['x-call-id'] as string | undefined) || randomUUID()
    try {
      const found = protection.look(target)
      const openness = typeof found === 'string' ? found : await found
      admit(target, openness, authorization, authenticator)
      const invocation = new Invocation(target, callId, openness, metrics)
      if (await answerDirectly(direct, invocation, incoming, outgoing)) return true
      begun.set(incoming, invocation)
      // A router sees a URL, in which dots lead somewhere else.
      incoming.url = '/function/'
      return false
    } catch (thrown) {
      refuse(outgoing, thrown, { 'X-Call-Id': callId })
      return true
    }
  }

  const app: GatewayApp = new Hono()
  app.onError(answerError)
  app.get('/healthz', (c) => c.text('OK'))
  app.all('/function/*', async (c) => {
    const incoming = c.env?.incoming
    const invocation = (incoming && begun.get(incoming)) ?? (await begin(c))
    c.header('X-Call-Id', invocation.callId)
    return answerByProvider(byProvider, invocation, c.req.raw, c.env?.outgoing)
  })

  async function begin(c: Context): Promise<Invocation> {
    const target = readTarget(targetOf(c.req.raw))
    if (!target)
      throw new EdgeloopError('NOT_FOUND', `${c.req.path} names no function`, { where: 'the path' })
    const callId = c.req.header('x-call-id') || randomUUID()
    // For a refusal, too.
    c.header('X-Call-Id', callId)
    const openness = await look(target, c.req.header('authorization'))
    return new Invocation(target, callId, openness, metrics)
  }

  async function look(target: Target, authorization: string | undefined): Promise<Openness> {
    const openness = await protection.look(target)
    admit(target, openness, authorization, authenticator)
    return openness
  }

  async function deliver(target: Target, callId: string, request: Request): Promise<Response> {
    const invocation = new Invocation(target, callId, await protection.look(target), metrics)
    return answerByProvider(byProvider, invocation, request, undefined)
  }

  function intercept(incoming: IncomingMessage, outgoing: ServerResponse, next: () => void): void {
    answer(incoming, outgoing).then(
      (answered) => {
        if (!answered) next()
      },
      (error: unknown) => {
        // Whatever it was, it concerns this caller alone.
        console.error(error)
        outgoing.destroy()
      }
    )
  }

  return Object.assign(app, {
    intercept,
    changed: protection.forget,
    admit: look,
    deliver,
    close: pool.close,
  })
}
