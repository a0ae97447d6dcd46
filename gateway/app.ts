import { OpenAPIHono } from '@hono/zod-openapi'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { EdgeloopError } from '../lib/errors/index.ts'
import { createLabelRoutes } from '../lib/label-routes/index.ts'
import type { LabelQueue } from '../lib/labelling/index.ts'
import type { NodeBindings } from '../lib/web-server/index.ts'
import about from '../package.json' with { type: 'json' }
import { asyncMetrics, type CallQueue, createAsyncCalls } from './async/index.ts'
import { type Authenticator, createAuthenticator } from './auth/index.ts'
import { createInvocations, type GatewayApp, type Shortcut } from './invocations/index.ts'
import {
  createInvocationMetrics,
  type InvocationMetrics,
  replicaMetrics,
  requestMetrics,
} from './metrics/index.ts'
import type { Provider } from './provider.ts'
import { answerError } from './refusals/index.ts'
import { createActivity, createIdler } from './scaling/index.ts'
import { guarded, systemRoutes } from './system/index.ts'

export interface GatewayOptions {
  /** Who may do what; everybody who can connect may do everything when absent. */
  authenticator?: Authenticator
  /** How long an invocation may take, in milliseconds; five minutes when absent. */
  timeoutMs?: number
  /** Where asynchronous calls wait; they are not taken when absent. Closed by whoever opened it, after the gateway. */
  callQueue?: CallQueue
  /** What people are asked, under `/api/labels`; nothing is there when absent. */
  labelQueue?: LabelQueue
}

/** Where people answer the label queue. */
const LABELS = '/api/labels'

/** A Hono app, and what a web server has to know beside it. */
export interface Gateway extends GatewayApp, Shortcut {}

/**
 * The OpenFaaS REST API on top of a provider. https://docs.openfaas.com/reference/rest-api/
 *
 * @example
 * const gateway = createGateway(provider, { authenticator })
 * await serveHttp({ fetch: gateway.fetch, intercept: gateway.intercept, host, port, name: 'the gateway' })
 */
export function createGateway(provider: Provider, options: GatewayOptions = {}): Gateway {
  const { authenticator = createAuthenticator(), timeoutMs, callQueue, labelQueue } = options
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  replicaMetrics(registry, provider)
  const counted = createInvocationMetrics(registry)
  const activity = createActivity()
  const metrics: InvocationMetrics = {
    started(target) {
      counted.started(target)
      activity.started(target)
    },
    ended(target, code, seconds) {
      counted.ended(target, code, seconds)
      activity.ended(target)
    },
  }
  const idler = createIdler({ provider, activity })
  const invocations = createInvocations(provider, { authenticator, metrics, timeoutMs })
  const asyncCalls = callQueue && createAsyncCalls({ queue: callQueue, provider, invocations, timeoutMs })
  if (callQueue) asyncMetrics(registry, callQueue)

  const app = new OpenAPIHono<{ Bindings: Partial<NodeBindings> }>()
  app.onError(answerError)
  app.notFound((c) => {
    throw new EdgeloopError('NOT_FOUND', `${c.req.method} ${c.req.path} is not here`, {
      where: c.req.path,
      hint: 'see /openapi.json for what is',
    })
  })
  app.use('/system/*', requestMetrics(registry))
  systemRoutes(app, { provider, authenticator, callQueue, onChange: invocations.changed })
  if (labelQueue) {
    app.use(`${LABELS}/*`, guarded(authenticator))
    app.route('/', createLabelRoutes(labelQueue, { prefix: LABELS }))
  }
  app.get('/metrics', async (c) =>
    c.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType })
  )
  app.openAPIRegistry.registerComponent('securitySchemes', 'basic', { type: 'http', scheme: 'basic' })
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Edgeloop gateway', version: about.version },
  })
  app.route('/', invocations)
  if (asyncCalls) app.route('/', asyncCalls.routes)
  return Object.assign(app as GatewayApp, {
    intercept: invocations.intercept,
    async close() {
      await idler.close()
      await asyncCalls?.close()
      await invocations.close()
    },
  })
}
