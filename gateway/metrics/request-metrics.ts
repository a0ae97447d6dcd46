import { createMiddleware } from 'hono/factory'
import { Counter, Histogram, type Registry } from 'prom-client'

/** Requests for something else would make a label of whatever somebody tries. */
const ROUTES: ReadonlySet<string> = new Set(
  'functions function scale-function placement secrets logs info namespaces namespace places async'
    .split(' ')
    .map((name) => `/system/${name}`)
)

/** Counts requests to the API, as OpenFaaS' gateway does. */
export function requestMetrics(registry: Registry) {
  const labelNames = ['method', 'path', 'status']
  const registers = [registry]
  const total = new Counter({
    name: 'http_requests_total',
    help: 'The total number of HTTP requests.',
    labelNames,
    registers,
  })
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Seconds spent serving HTTP requests.',
    labelNames,
    registers,
  })
  return createMiddleware(async (c, next) => {
    const started = performance.now()
    await next()
    const path = /^\/system\/[^/]+/.exec(c.req.path)?.[0] ?? ''
    const labels = { method: c.req.method, path: ROUTES.has(path) ? path : 'other', status: c.res.status }
    total.inc(labels)
    duration.observe(labels, (performance.now() - started) / 1000)
  })
}
