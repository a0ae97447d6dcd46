import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Deployment } from '../lib/stack/index.ts'
import { gatewayContract } from './gateway.contract.ts'
import { type LocalGateway, openLocalGateway } from './local-gateway.fixture.ts'
import type { Node } from './placement/index.ts'

const echo = (service: string, more: Partial<Deployment> = {}): Deployment => ({
  service,
  image: 'registry.local/echo:1',
  ...more,
})

// Functions here share this process' console.
beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

gatewayContract('local', async () => {
  const { url, credentials, close } = await openLocalGateway()
  return { url, credentials, echo, close }
})

describe('with edges', () => {
  let gateway: LocalGateway
  let edges: Node[]
  let inReach: string[]

  beforeEach(async () => {
    inReach = ['edge-1', 'edge-2']
    edges = inReach.map((name) => ({ name, labels: { 'node-role.kubernetes.io/edge': '' } }))
    gateway = await openLocalGateway({
      peers: {
        nodes: () => edges,
        reaches: (name) => inReach.includes(name),
        invoke: async (edge, name) => Response.json({ edge, name }),
        ask: async () => new Response('', { status: 503 }),
      },
    })
  })
  afterEach(() => gateway.close())

  const call = (method: string, route: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(new URL(route, gateway.url), {
      method,
      headers: { Authorization: `Basic ${Buffer.from('admin:secret').toString('base64')}`, ...headers },
      body: body === undefined ? null : JSON.stringify(body),
    })
  const deploy = (more: Record<string, string> = {}) =>
    call(
      'POST',
      '/system/functions',
      echo('one', { annotations: { 'com.openfaas.profile': 'edge', ...more } })
    )
  const ask = (headers: Record<string, string> = {}) =>
    fetch(new URL('/function/one', gateway.url), { method: 'POST', headers })

  it('a function of theirs is misdirected without X-Edge, with the edges to choose from', async () => {
    await deploy()
    const response = await ask()
    expect([response.status, await response.json()]).toEqual([
      421,
      {
        error: 'one runs at the edges: edge-1, edge-2',
        code: 'MISDIRECTED',
        where: 'X-Edge',
        hint: 'name one with the header "X-Edge: edge-1"',
      },
    ])
    expect((await ask({ 'X-Edge': 'edge-9' })).status).toBe(421)
  })

  it('is reached by the name of its edge, or anywhere when its annotation says that this is as good', async () => {
    await deploy()
    expect(await (await ask({ 'X-Edge': 'edge-2' })).json()).toEqual({ edge: 'edge-2', name: 'one' })
    await deploy({ 'edgeloop.dev/relay': 'any' })
    expect(await (await ask()).json()).toEqual({ edge: expect.stringMatching(/^edge-[12]$/), name: 'one' })
  })

  it('is unavailable while its edge is out of reach', async () => {
    await deploy()
    inReach = ['edge-1']
    const response = await ask({ 'X-Edge': 'edge-2' })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    inReach = []
    expect((await ask()).status).toBe(503)
    const status = await (await call('GET', '/system/function/one')).json()
    expect(status).toMatchObject({ replicas: 2, availableReplicas: 0 })
  })

  it('is switched off at one edge, and on again', async () => {
    await deploy()
    const listed = async (edge: string) => (await call('GET', `/system/places/${edge}/functions`)).json()
    const switchTo = async (enabled: boolean) =>
      (await call('PUT', '/system/places/edge-2/functions/one', { enabled })).status
    expect(await switchTo(false)).toBe(202)
    expect(await listed('edge-1')).toMatchObject([{ name: 'one', replicas: 1 }])
    expect(await listed('edge-2')).toMatchObject([{ name: 'one', disabled: true }])
    expect((await ask({ 'X-Edge': 'edge-2' })).status).toBe(421)
    expect(await switchTo(true)).toBe(202)
    expect((await listed('edge-2'))[0]).not.toHaveProperty('disabled')
  })

  it('an agent may ask what runs at its place, and nothing else', async () => {
    await deploy()
    const Authorization = 'Bearer edge-token'
    expect((await call('GET', '/system/places/edge-1/functions', undefined, { Authorization })).status).toBe(
      200
    )
    for (const [method, route, body] of [
      ['GET', '/system/functions'],
      ['PUT', '/system/places/edge-1/functions/one', { enabled: false }],
      ['GET', '/system/secrets'],
    ] as const)
      expect((await call(method, route, body, { Authorization })).status).toBe(401)
    const wrong = { Authorization: 'Bearer another' }
    expect((await call('GET', '/system/places/edge-1/functions', undefined, wrong)).status).toBe(401)
  })
})

it('a function that floods its log pushes out its own lines, and is no trouble for whoever follows it and reads nothing', async () => {
  const gateway = await openLocalGateway()
  await gateway.provider.deploy(echo('one'))
  const line = 'x'.repeat(2000)
  const query = new URLSearchParams({ name: 'one', follow: 'true' })
  const Authorization = `Basic ${Buffer.from('admin:secret').toString('base64')}`
  const following = await fetch(`${gateway.url}/system/logs?${query}`, { headers: { Authorization } })
  const flood = Array.from({ length: 100 }, (_, i) => i)
  for (const i of flood)
    for (const j of flood.slice(0, 20))
      await gateway.provider.invoke('one', new Request(`http://one/log/${i}-${j}-${line}`))
  let characters = 0
  const lines: string[] = []
  for await (const { text } of gateway.provider.logs(
    { name: 'one', follow: false },
    new AbortController().signal
  )) {
    characters += text.length
    lines.push(text)
  }
  expect(characters).toBeGreaterThan(100_000)
  expect(characters).toBeLessThan(1_000_000)
  expect(lines.at(-1)).toMatch(/^99-19-x/)
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
  await following.body!.cancel()
  await gateway.close()
})
