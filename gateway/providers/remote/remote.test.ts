import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { serve, temporaryDirectory } from '../../../test/support/index.ts'
import type { PlacedProvider } from '../placed/index.ts'
import { createRemoteProvider } from './remote.ts'

const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 10_000, interval: 10 })
const fn = (name: string, more: object = {}) => ({
  name,
  image: 'registry.local/fn:1',
  replicas: 1,
  availableReplicas: 1,
  invocationCount: 0,
  createdAt: '2026-01-02T03:04:05.000Z',
  ...more,
})

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let gateway: Awaited<ReturnType<typeof serve>>
let provider: PlacedProvider
/** How the gateway answers invocations. */
let answer: (request: Request) => Response | Promise<Response>

const echo = async (request: Request) => {
  const { pathname, search } = new URL(request.url)
  const headers = Object.fromEntries(request.headers)
  return Response.json({
    method: request.method,
    path: pathname + search,
    headers,
    body: await request.text(),
  })
}
const invoke = (name: string, path: string, init: RequestInit = {}, namespace?: string) =>
  provider.invoke(
    name,
    new Request(`http://${name}${path}`, { ...init, duplex: 'half' } as RequestInit),
    namespace
  )

beforeEach(async () => {
  temporary = await temporaryDirectory('remote-provider')
  answer = echo
  gateway = await serve((request) => {
    const { pathname } = new URL(request.url)
    if (pathname.startsWith('/function/')) return answer(request)
    if (pathname !== '/system/places/cloud/functions') return new Response('', { status: 404 })
    if (request.headers.get('authorization') !== 'Basic secret') return new Response('', { status: 401 })
    return Response.json([
      fn('open'),
      fn('closed', { annotations: { 'edgeloop.dev/auth': 'gateway' } }),
      fn('other', { namespace: 'team-a' }),
    ])
  })
  provider = createRemoteProvider({
    gateway: gateway.url,
    authorization: 'Basic secret',
    directory: temporary.directory,
    pollMs: 20,
  })
  await eventually(() => provider.listAt())
})
afterEach(async () => {
  await provider.close()
  await gateway.close()
  await temporary.remove()
})

it('knows the cloud’s functions, and invokes them through the gateway', async () => {
  expect((await provider.listAt()).map(({ name }) => name)).toEqual(['open', 'closed', 'other'])
  const init = { method: 'POST', body: 'hello', headers: { 'ce-id': '1', Connection: 'X-Hop', 'X-Hop': '1' } }
  const response = await invoke('open', '/a%20b?c=1', init)
  const seen = await response.json()
  expect(seen).toMatchObject({ method: 'POST', path: '/function/open/a%20b?c=1', body: 'hello' })
  expect(seen.headers).toMatchObject({ 'ce-id': '1' })
  expect(seen.headers).not.toHaveProperty('x-hop')
  const other = await invoke('other', '/?a=1', {}, 'team-a')
  expect(await other.json()).toMatchObject({ path: '/function/other.team-a?a=1' })
})

it('gives its credentials only to functions that ask for them', async () => {
  const authorization = async (name: string) =>
    ((await (await invoke(name, '/')).json()) as { headers: Record<string, string> }).headers.authorization
  expect([await authorization('open'), await authorization('closed')]).toEqual([undefined, 'Basic secret'])
})

it('passes on what is answered: redirects, failures, packed bodies', async () => {
  answer = () => new Response('busy', { status: 503, headers: { 'Retry-After': '7' } })
  const busy = await invoke('open', '/')
  expect([busy.status, busy.headers.get('retry-after'), await busy.text()]).toEqual([503, '7', 'busy'])
  answer = () => Response.redirect('https://example.com/elsewhere', 302)
  expect((await invoke('open', '/')).status).toBe(302)
  const text = 'x'.repeat(10_000)
  answer = () => new Response(gzipSync(text), { headers: { 'Content-Encoding': 'gzip' } })
  const packed = await invoke('open', '/')
  expect([packed.headers.has('content-encoding'), await packed.text()]).toEqual([false, text])
  const body = randomBytes(5_000_000)
  answer = (request) => new Response(request.body)
  const back = await invoke('open', '/', { method: 'POST', body: new Blob([body]).stream() })
  expect(body.equals(Buffer.from(await back.arrayBuffer()))).toBe(true)
})

it('says when the gateway is away, and stops when it is told to', async () => {
  answer = () => new Promise(() => {})
  await expect(invoke('open', '/', { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
    name: 'TimeoutError',
  })
  await gateway.close()
  await expect(invoke('open', '/')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'the gateway does not answer',
  })
})
