import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { serveHttp, type WebServer } from '../../lib/web-server/index.ts'
import { createGateway, type Gateway } from '../app.ts'
import type { Provider } from '../provider.ts'
import { askPods } from '../providers/kubernetes/ask-pods.ts'
import { createAgent } from '../providers/sending/index.ts'

/** The function: `/half` is begun and not ended, `/never` not begun; anything else is answered with what it saw. */
const fn = createServer((incoming, outgoing) => {
  if (incoming.url === '/half') outgoing.writeHead(200, { 'Content-Length': 10 }).write('half')
  else if (incoming.url !== '/never') outgoing.end(incoming.url)
})
const agent = createAgent()
let origin: string
let server: WebServer
let gateway: Gateway

/** @param way whether the gateway connects to the function itself, or lets its provider do it */
async function open(way: string, timeoutMs?: number): Promise<void> {
  const status = { name: 'fn', image: 'fn:1', replicas: 1, availableReplicas: 1, invocationCount: 0 }
  const provider = {
    get: async () => ({ ...status, createdAt: new Date().toISOString() }),
    list: async () => [],
    namespaces: { list: async () => [] },
    origin: async () => (way === 'directly' ? origin : undefined),
    invoke: (name: string, request: Request) =>
      askPods({ name, agent, originOf: async () => origin }, request),
  } as unknown as Provider
  gateway = createGateway(provider, { timeoutMs })
  const { fetch, intercept } = gateway
  server = await serveHttp({ fetch, intercept, host: '127.0.0.1', port: 0, name: 'the gateway' })
}

beforeEach(async () => {
  fn.listen(0, '127.0.0.1')
  await once(fn, 'listening')
  origin = `http://127.0.0.1:${(fn.address() as AddressInfo).port}`
})
afterEach(async () => {
  await server.close()
  await gateway.close()
  agent.destroy()
  fn.closeAllConnections()
  await new Promise((resolve) => fn.close(resolve))
})

describe.each(['directly', 'by the provider'])('%s', (way) => {
  it.each([
    ['', '/'],
    ['/', '/'],
    ['?a=1', '/?a=1'],
    ['/?', '/?'],
    ...[
      '//x',
      '///x//',
      '/a/../b',
      '/../b',
      '/../../system/functions',
      '/a/./b/.',
      '/%2e%2e/b',
      '/a%2Fb%20%c3%a9',
      '/a\\b',
      '/a|b^c`{d}"<e>',
      "/a'b;c=d,e:@!$&()*+",
      '/http://other.host/x',
      '/a?b=/../c&d=%zz&e=\\?f',
      '/%',
    ].map((same) => [same, same]),
  ])('a function sees the path as it was sent: %s', async (sent, seen) => {
    await open(way)
    const socket = connect(server.port, '127.0.0.1')
    socket.write(`GET /function/fn${sent} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    const answer = await text(socket)
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
    expect(bodyOf(answer)).toBe(seen)
  })

  it('an answer that does not begin in time is given up', async () => {
    await open(way, 200)
    const response = await fetch(`${server.url}/function/fn/never`)
    expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([
      504,
      'fn did not answer within 0.2 s',
    ])
    await counted(504)
  })

  it('nor is one waited for that does not end', async () => {
    await open(way, 200)
    const response = await fetch(`${server.url}/function/fn/half`)
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
    await counted(504)
  })
})

/** Without chunks' framing. */
function bodyOf(answer: string): string {
  const [head = '', ...rest] = answer.split('\r\n\r\n')
  const body = rest.join('\r\n\r\n')
  return /transfer-encoding: chunked/i.test(head) ? body.split('\r\n')[1]! : body
}

async function counted(code: number): Promise<void> {
  const line = `gateway_function_invocation_total{function_name="fn.openfaas-fn",code="${code}"} 1`
  await vi.waitFor(async () => expect(await (await fetch(`${server.url}/metrics`)).text()).toContain(line))
}
