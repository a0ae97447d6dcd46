/** What of-watchdog promises, on a real server. https://github.com/openfaas/of-watchdog */
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Hono } from 'hono'
import { afterEach, expect, it, vi } from 'vitest'
import { createFunctionServer, createMetrics, type FunctionServer, readSettings } from './index.ts'

let running: FunctionServer & { metrics: ReturnType<typeof createMetrics> }
let url: string
let lost: string | undefined

/** A function whose answers wait until they are let go. */
const letGo: (() => void)[] = []
const app = new Hono()
  .get('/wait', async (c) => {
    await new Promise<void>((resolve) => letGo.push(resolve))
    return c.text('waited')
  })
  .get('/stream', () => {
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode('begun'))
        await new Promise<void>((resolve) => letGo.push(resolve))
        controller.close()
      },
    })
    return new Response(body)
  })
  .get('/throw', () => {
    throw new Error('on purpose')
  })
  .all('*', async (c) => c.json({ method: c.req.method, url: c.req.url, body: await c.req.text() }))

async function serve(environment: Record<string, string> = {}): Promise<void> {
  const metrics = createMetrics()
  const settings = readSettings(environment)
  const vanished = async () => lost
  running = { ...createFunctionServer({ fetch: app.fetch, settings, metrics, vanished }), metrics }
  running.server.listen(0, '127.0.0.1')
  metrics.server.listen(0, '127.0.0.1')
  await Promise.all([once(running.server, 'listening'), once(metrics.server, 'listening')])
  url = addressOf(running.server)
}

const addressOf = (server: FunctionServer['server']) =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}`

afterEach(() => {
  lost = undefined
  for (const resolve of letGo.splice(0)) resolve()
  for (const server of [running.server, running.metrics.server]) {
    server.close()
    server.closeAllConnections()
  }
})

const status = async (path: string, init?: RequestInit) => (await fetch(`${url}${path}`, init)).status
const waiting = (count: number) => vi.waitFor(() => expect(letGo).toHaveLength(count))

it('is healthy and ready once it listens, and neither without what it had mounted', async () => {
  await serve()
  expect(await (await fetch(`${url}/_/health`)).text()).toBe('OK')
  expect(await status('/_/ready')).toBe(200)
  lost = '/tmp'
  expect([await status('/_/health'), await status('/_/ready')]).toEqual([503, 503])
})

it('passes every method, path and body on', async () => {
  await serve()
  const response = await fetch(`${url}/a%2Fb?c=1`, {
    method: 'PATCH',
    body: 'x',
    headers: { 'X-Call-Id': 'c' },
  })
  expect(await response.json()).toEqual({ method: 'PATCH', url: `${url}/a%2Fb?c=1`, body: 'x' })
})

it('answers 429 beyond max_inflight, is not ready then, and is healthy all the same', async () => {
  await serve({ max_inflight: '2' })
  const first = [fetch(`${url}/wait`), fetch(`${url}/wait`)]
  await waiting(2)
  const refused = await fetch(`${url}/wait`, { method: 'POST', body: 'x'.repeat(100_000) })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  expect([await status('/_/ready'), await status('/_/health')]).toEqual([429, 200])
  for (const resolve of letGo) resolve()
  for (const response of await Promise.all(first)) expect(await response.text()).toBe('waited')
  expect(await status('/_/ready')).toBe(200)
  expect(await status('/')).toBe(200)
})

it('gives its place back when the caller goes', async () => {
  await serve({ max_inflight: '1' })
  const leaving = new AbortController()
  fetch(`${url}/wait`, { signal: leaving.signal }).catch(() => {})
  await waiting(1)
  expect(await status('/')).toBe(429)
  leaving.abort()
  await vi.waitFor(async () => expect(await status('/')).toBe(200))
})

it('answers 504 after exec_timeout, and says that this was its own limit', async () => {
  await serve({ exec_timeout: '100ms' })
  const response = await fetch(`${url}/wait`)
  expect([response.status, response.headers.get('x-openfaas-internal')]).toEqual([504, 'of-watchdog'])
  expect(await response.text()).toContain('0.1 s')
})

it('breaks off an answer that has begun when the time is up', async () => {
  await serve({ exec_timeout: '100ms' })
  const response = await fetch(`${url}/stream`)
  expect(response.status).toBe(200)
  await expect(response.text()).rejects.toThrow()
})

it('takes a shorter limit from X-Timeout, and no longer one', async () => {
  await serve({ exec_timeout: '1s' })
  const timed = async (limit: string) => {
    const began = performance.now()
    expect(await status('/wait', { headers: { 'X-Timeout': limit } })).toBe(504)
    return performance.now() - began
  }
  expect(await timed('50ms')).toBeLessThan(950)
  expect(await timed('1h')).toBeGreaterThan(950)
})

it('is unready at once when it is stopped, goes on for healthcheck_interval, and lets what began end', async () => {
  await serve({ healthcheck_interval: '1500ms' })
  const answer = fetch(`${url}/wait`)
  await waiting(1)
  let stopped = false
  const stopping = running.stop().then(() => {
    stopped = true
  })
  expect(await status('/_/ready')).toBe(503)
  // Nobody has noticed yet.
  const late = await fetch(url)
  expect([late.status, late.headers.get('connection')]).toEqual([200, 'close'])
  await sleep(2000)
  await expect(fetch(url)).rejects.toThrow()
  expect(stopped).toBe(false)
  letGo[0]!()
  expect(await (await answer).text()).toBe('waited')
  await stopping
})

it('breaks off what has not ended after write_timeout', async () => {
  await serve({ write_timeout: '100ms' })
  const answer = fetch(`${url}/wait`).catch(() => 'broken off')
  await waiting(1)
  await running.stop()
  expect(await answer).toBe('broken off')
})

it('counts under the names of of-watchdog, on a port of their own', async () => {
  await serve()
  await status('/')
  await status('/throw')
  const waits = fetch(`${url}/wait`)
  await waiting(1)
  const metrics = addressOf(running.metrics.server)
  const text = await (await fetch(`${metrics}/metrics`)).text()
  expect(text).toContain('http_requests_total{code="200",method="GET"} 1')
  expect(text).toContain('http_requests_total{code="500",method="GET"} 1')
  expect(text).toContain('http_requests_in_flight 1')
  expect(text).toContain('http_request_duration_seconds_count{code="200",method="GET"} 1')
  expect((await fetch(metrics)).status).toBe(404)
  letGo[0]!()
  await waits
})

it('outlives a caller that sends what is no HTTP', async () => {
  await serve()
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.resume().on('error', () => {})
  socket.end('nonsense\r\n\r\n')
  await once(socket, 'close')
  expect(await status('/')).toBe(200)
})

it.each([
  [{ exec_timeout: 'soon' }, 'exec_timeout: "soon" is no duration; write it as 30s or 1m30s'],
  [{ max_inflight: '-1' }, 'max_inflight: "-1" is no whole number from 0 to'],
  [{ PORT: '70000' }, 'PORT: "70000" is no whole number from 0 to 65535'],
])('says which setting is wrong: %j', (environment, message) => {
  expect(() => readSettings(environment)).toThrow(message)
})

it('reads what of-watchdog reads, and listens where it is told to', () => {
  expect(readSettings({})).toMatchObject({ host: '0.0.0.0', port: 8080, metricsPort: 8081, maxInflight: 0 })
  expect(readSettings({ port: '9000', exec_timeout: '1m30s', write_timeout: '5' })).toMatchObject({
    port: 9000,
    execTimeoutMs: 90_000,
    graceMs: 5000,
  })
  expect(readSettings({ HOST: '127.0.0.1', PORT: '20001' })).toMatchObject({ port: 20_001, metricsPort: 0 })
})
