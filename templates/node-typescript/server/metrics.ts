import { createServer, type Server } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Under the names that of-watchdog gives them. */
export interface Metrics {
  began(): void
  ended(method: string, status: number, seconds: number): void
  /** Serves them in Prometheus' text format, at `/metrics` on a port of their own. */
  readonly server: Server
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const inFlight = new Gauge({
    name: 'http_requests_in_flight',
    help: 'requests that are being answered',
    registers: [registry],
  })
  const total = new Counter({
    name: 'http_requests_total',
    help: 'requests that have been answered',
    labelNames: ['code', 'method'],
    registers: [registry],
  })
  const seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'how long requests took',
    labelNames: ['code', 'method'],
    registers: [registry],
  })
  return {
    began: () => inFlight.inc(),
    ended(method, status, took) {
      inFlight.dec()
      total.inc({ code: status, method })
      seconds.observe({ code: status, method }, took)
    },
    server: createServer((incoming, outgoing) => {
      if (incoming.url !== '/metrics') outgoing.writeHead(404).end()
      else
        registry.metrics().then(
          (text) => outgoing.setHeader('Content-Type', registry.contentType).end(text),
          () => outgoing.destroy()
        )
    }),
  }
}
