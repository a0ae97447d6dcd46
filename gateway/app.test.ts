import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveHttp, type WebServer } from '../lib/web-server/index.ts'
import { createGateway, createLocalProvider, type Node, type Provider, readProfiles } from './index.ts'

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

let directory: string
let provider: Provider
let server: WebServer
let edges: Node[]

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-gateway-'))
  edges = ['edge-1', 'edge-2'].map((name) => ({ name, labels: { 'node-role.kubernetes.io/edge': '' } }))
  provider = await createLocalProvider({
    node: { name: 'cloud', labels: {} },
    directory,
    profiles: await readProfiles(here('../edge-profiles')),
    handlers: new Map(['echo', 'other'].map((name) => [name, here('echo.fixture.ts')])),
    environment: {},
    peers: {
      nodes: () => edges,
      reaches: () => true,
      invoke: async (edge, name) => Response.json({ edge, name }),
    },
  })
  server = await serveHttp({
    fetch: createGateway(provider).fetch,
    host: '127.0.0.1',
    port: 0,
    name: 'gateway',
  })
})
afterEach(async () => {
  await server.close()
  await provider.close()
  await rm(directory, { recursive: true, force: true })
})

/** A deployment as faas-cli writes it: empty fields are empty, and not left out. */
const asFaasCli = (more: object = {}) => ({
  service: 'echo',
  image: 'registry.local/echo:1',
  network: '',
  envProcess: '',
  envVars: {},
  constraints: null,
  secrets: [],
  labels: {},
  annotations: {},
  limits: null,
  requests: null,
  readOnlyRootFilesystem: false,
  namespace: '',
  ...more,
})

function call(method: string, route: string, body?: unknown): Promise<Response> {
  const headers = { 'Content-Type': 'application/json', 'User-Agent': 'faas-cli/0.17' }
  return fetch(new URL(route, server.url), {
    method,
    headers,
    body: body && JSON.stringify(body),
  } as RequestInit)
}
const deploy = (more: object = {}) => call('POST', '/system/functions', asFaasCli(more))
const error = async (response: Response) => [response.status, await response.json()]

describe('the OpenFaaS API', () => {
  it('deploys as faas-cli does: an update first, and a creation when there is nothing to update', async () => {
    expect(await error(await call('PUT', '/system/functions', asFaasCli()))).toMatchObject([
      404,
      { error: 'there is no function "echo"', code: 'NOT_FOUND', where: 'echo' },
    ])
    expect((await call('POST', '/system/functions', asFaasCli())).status).toBe(202)
    const update = asFaasCli({ image: 'registry.local/echo:2', envVars: { GREETING: 'hello' } })
    expect((await call('PUT', '/system/functions', update)).status).toBe(202)
    const listed = await (await call('GET', '/system/functions')).json()
    expect(listed).toMatchObject([
      { name: 'echo', image: 'registry.local/echo:2', envVars: { GREETING: 'hello' } },
    ])
  })

  it('lists and describes functions with what faas-cli shows', async () => {
    await deploy({ annotations: { topic: 'a/b', 'com.openfaas.profile': 'cloud' }, labels: { team: 'x' } })
    const status = {
      name: 'echo',
      image: 'registry.local/echo:1',
      invocationCount: 0,
      replicas: 1,
      availableReplicas: 1,
      envProcess: '',
      labels: { team: 'x' },
      annotations: { topic: 'a/b', 'com.openfaas.profile': 'cloud' },
    }
    expect(await (await call('GET', '/system/functions?namespace=')).json()).toMatchObject([status])
    expect(await (await call('GET', '/system/function/echo?usage=1&namespace=')).json()).toMatchObject(status)
    expect((await call('GET', '/system/function/nobody')).status).toBe(404)
  })

  it('deletes', async () => {
    await deploy()
    expect((await call('DELETE', '/system/functions', { functionName: 'echo' })).status).toBe(202)
    expect((await call('DELETE', '/system/functions', { functionName: 'echo' })).status).toBe(404)
    expect(await (await call('GET', '/system/functions')).json()).toEqual([])
    expect((await call('DELETE', '/system/functions', {})).status).toBe(400)
  })

  it.each([
    ['a name that is none', { service: 'Not A Name' }, 'service'],
    ['no image', { image: '' }, 'image'],
    ['an unknown profile', { annotations: { 'com.openfaas.profile': 'moon' } }, 'wants the profile "moon"'],
    ['a constraint that cannot be read', { constraints: ['near'] }, 'the constraint "near" cannot be read'],
    ['no handler', { service: 'stranger' }, 'stranger has no handler on this machine'],
  ])('refuses a deployment with %s, and says so', async (_name, more, why) => {
    const [status, body] = await error(await deploy(more))
    expect(status).toBe(400)
    expect(body).toMatchObject({ code: 'INVALID_INPUT', error: expect.stringContaining(why) })
    expect(await provider.list()).toEqual([])
  })

  it('refuses what is no JSON', async () => {
    const response = await fetch(new URL('/system/functions', server.url), { method: 'POST', body: '{' })
    expect(await error(response)).toMatchObject([400, { error: 'the body is not JSON' }])
  })

  it('refuses more than anybody deploys before it is in memory', async () => {
    const large = await deploy({ annotations: { novel: 'x'.repeat(2 ** 20) } })
    expect(await error(large)).toMatchObject([413, { error: 'the body has more than 1048576 bytes' }])
    expect(await provider.list()).toEqual([])
  })

  it('says what it is', async () => {
    expect(await (await call('GET', '/system/info')).json()).toMatchObject({
      provider: { provider: 'edgeloop-local', orchestration: 'local' },
      arch: expect.any(String),
    })
    expect((await call('GET', '/healthz')).status).toBe(200)
  })
})

describe('an invocation', () => {
  it.each([
    ['/function/echo', '/', ''],
    ['/function/echo/', '/', ''],
    ['/function/echo?a=1', '/', '?a=1'],
    ['/function/echo/b/c?x=%2F&y=', '/b/c', '?x=%2F&y='],
    ['/function/echo/a%2Fb%20c', '/a%2Fb%20c', ''],
    ['/function/echo/function/echo', '/function/echo', ''],
  ])('of %s reaches the function as %s', async (route, pathname, query) => {
    await deploy()
    expect(await (await call('GET', route)).json()).toMatchObject({ method: 'GET', path: pathname, query })
  })

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('passes %s on', async (method) => {
    await deploy()
    expect(await (await call(method, '/function/echo')).json()).toMatchObject({ method })
  })

  it('carries an id: the caller’s, or a new one; also in the answer, also when there is no such function', async () => {
    await deploy()
    const given = await fetch(new URL('/function/echo', server.url), { headers: { 'X-Call-Id': 'mine' } })
    expect(given.headers.get('x-call-id')).toBe('mine')
    expect(await given.json()).toMatchObject({ headers: { 'x-call-id': 'mine' } })
    const made = await call('POST', '/function/echo')
    const id = made.headers.get('x-call-id')
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    expect(await made.json()).toMatchObject({ headers: { 'x-call-id': id } })
    expect(Number(made.headers.get('x-duration-seconds'))).toBeGreaterThan(0)
    const nowhere = await call('POST', '/function/nobody')
    expect([nowhere.status, nowhere.headers.get('x-call-id')]).toEqual([404, expect.any(String)])
    expect(await nowhere.json()).toMatchObject({ code: 'NOT_FOUND', hint: 'deployed: echo' })
  })

  it('passes status, headers and redirects back', async () => {
    await deploy()
    const teapot = await call('GET', '/function/echo/status/418')
    expect([teapot.status, await teapot.text()]).toEqual([418, 'status 418'])
    const moved = await fetch(new URL('/function/echo/moved', server.url), { redirect: 'manual' })
    expect([moved.status, moved.headers.get('location')]).toEqual([302, 'https://example.com/elsewhere'])
  })

  it('streams bodies both ways over one connection', async () => {
    await deploy()
    const heard: string[] = []
    await new Promise<void>((resolve, reject) => {
      const outgoing = httpRequest(
        new URL('/function/echo/stream', server.url),
        { method: 'POST' },
        (incoming) => {
          incoming.setEncoding('utf8')
          incoming.on('data', (text) => {
            heard.push(text)
            // Only after the first piece has come back is the second one sent.
            if (heard.length === 1) outgoing.end('second')
          })
          incoming.on('end', resolve)
        }
      )
      outgoing.on('error', reject)
      outgoing.write('first')
    })
    expect(heard).toEqual(['FIRST', 'SECOND'])
  })

  it('takes a large body', async () => {
    await deploy()
    const body = Buffer.alloc(20_000_000, 'x')
    const response = await fetch(new URL('/function/echo/stream', server.url), { method: 'POST', body })
    expect((await response.text()).length).toBe(body.length)
  })
})

describe('a function of the edges', () => {
  const atEdge = { 'com.openfaas.profile': 'edge' }
  const ask = (headers: Record<string, string> = {}) =>
    fetch(new URL('/function/echo', server.url), { method: 'POST', headers })

  it('is misdirected without X-Edge, with the edges to choose from', async () => {
    await deploy({ annotations: atEdge })
    expect(await error(await ask())).toEqual([
      421,
      {
        error: 'echo runs at the edges: edge-1, edge-2',
        code: 'MISDIRECTED',
        where: 'X-Edge',
        hint: 'name one with the header "X-Edge: edge-1"',
      },
    ])
    expect((await ask({ 'X-Edge': 'edge-9' })).status).toBe(421)
  })

  it('is reached by the name of its edge', async () => {
    await deploy({ annotations: atEdge })
    expect(await (await ask({ 'X-Edge': 'edge-2' })).json()).toEqual({ edge: 'edge-2', name: 'echo' })
  })

  it('is reached anywhere when its annotation says that this is as good', async () => {
    await deploy({ annotations: { ...atEdge, 'edgeloop.dev/relay': 'any' } })
    expect(await (await ask()).json()).toEqual({ edge: 'edge-1', name: 'echo' })
    expect(await (await ask({ 'X-Edge': 'edge-2' })).json()).toEqual({ edge: 'edge-2', name: 'echo' })
  })

  it('is unavailable while no edge is in reach', async () => {
    await deploy({ annotations: atEdge })
    edges = []
    expect((await ask()).status).toBe(503)
  })
})
