import { createHash, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { execa, type ResultPromise } from 'execa'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EdgeloopError } from '../../../lib/errors/index.ts'
import { serveHttp } from '../../../lib/web-server/index.ts'
import { freePort } from '../../../platform/ports/index.ts'
import { serve, temporaryDirectory } from '../../../test/support/index.ts'
import { createInvocations } from '../../invocations/index.ts'
import type { PlacedFunction } from '../../provider.ts'
import type { PlacedProvider } from '../placed/index.ts'
import { createEdgeProvider, type EdgeProviderOptions } from './edge.ts'
import { createPortReach } from './port-reach.ts'

vi.setConfig({ testTimeout: 60_000 })

const main = fileURLToPath(new URL('function-child.ts', import.meta.url))
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 20 })
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let port: number
/** What the cloud's gateway says runs here. */
let placed: PlacedFunction[]
let asked: (string | null)[]
let cloud: Awaited<ReturnType<typeof serve>>
let provider: PlacedProvider
let child: ResultPromise<{ ipc: true; reject: false }> | undefined
let complaints: ReturnType<typeof vi.spyOn>

const fn = (name: string, more: Partial<PlacedFunction> = {}): PlacedFunction => ({
  name,
  image: 'registry.local/fn:1',
  replicas: 3,
  availableReplicas: 2,
  invocationCount: 7,
  createdAt: '2026-01-02T03:04:05.000Z',
  port,
  ...more,
})

async function answerOfCloud(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  const authorization = request.headers.get('authorization')
  asked.push(authorization)
  if (authorization !== 'Bearer right') return Response.json({ error: 'who?' }, { status: 401 })
  if (pathname !== '/system/places/edge-1/functions')
    return Response.json({ error: pathname }, { status: 404 })
  return Response.json(placed)
}

async function open(more: Partial<EdgeProviderOptions> & { holdMs?: number } = {}): Promise<PlacedProvider> {
  await provider?.close()
  provider = createEdgeProvider({
    edge: 'edge-1',
    gateway: cloud.url,
    token: 'right',
    directory: temporary.directory,
    pollMs: 30,
    reach: createPortReach({ holdMs: more.holdMs }),
    ...more,
  })
  return provider
}
const known = () => eventually(() => provider.listAt())

async function start(version = '1', readyAfter = 0): Promise<void> {
  child = execa(process.execPath, ['--import', 'tsx', main, String(port), version, String(readyAfter)], {
    ipc: true,
    reject: false,
  })
  await child.getOneMessage()
}
async function stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
  child?.kill(signal)
  await child
}

interface Seen {
  version: string
  method: string
  url: string
  headers: Record<string, string>
  from: number
  body: string
}
const request = (url: string, init: RequestInit = {}) =>
  new Request(`http://gateway${url}`, { ...init, duplex: 'half' } as RequestInit)
const call = (url = '/', init: RequestInit = {}) => provider.invoke('one', request(url, init))
const seen = async (url = '/', init: RequestInit = {}) => (await (await call(url, init)).json()) as Seen

beforeEach(async () => {
  complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
  temporary = await temporaryDirectory('edge-provider')
  port = await freePort('127.0.0.1')
  asked = []
  placed = [fn('one')]
  cloud = await serve(answerOfCloud)
  await open()
})
afterEach(async () => {
  await provider.close()
  await stop()
  await cloud.close()
  await temporary.remove()
  complaints.mockRestore()
})

describe('the list of an edge', () => {
  it('is what the cloud says, with how it is doing here', async () => {
    const more = { annotations: { topic: 'events/+' }, envVars: { A: 'b' }, labels: { team: 'a' } }
    placed = [
      fn('one', more),
      fn('two', { port: undefined, disabled: true }),
      fn('three', { namespace: 'team-a' }),
    ]
    await known()
    const here = { replicas: 1, availableReplicas: 1, invocationCount: 0 }
    expect(await provider.listAt()).toEqual([
      fn('one', { ...more, ...here }),
      fn('two', { port: undefined, disabled: true, ...here, replicas: 0, availableReplicas: 0 }),
      fn('three', { namespace: 'team-a', ...here }),
    ])
    expect((await provider.list()).map(({ name }) => name)).toEqual(['one', 'two'])
    expect((await provider.list('team-a')).map(({ name }) => name)).toEqual(['three'])
    expect(await provider.get('one')).toMatchObject({ name: 'one', envVars: { A: 'b' } })
    expect([await provider.get('three'), await provider.get('nobody')]).toEqual([undefined, undefined])
    expect(await provider.get('three', 'team-a')).toMatchObject({ name: 'three' })
    expect(asked[0]).toBe('Bearer right')
  })

  it('follows the cloud, at once when there is a hint', async () => {
    await open({ pollMs: 60_000 })
    await known()
    placed = [fn('two')]
    await sleep(100)
    expect((await provider.listAt()).map(({ name }) => name)).toEqual(['one'])
    provider.look()
    await eventually(async () => expect((await provider.listAt()).map(({ name }) => name)).toEqual(['two']))
  })

  it('is kept for when the cloud is away, and is unknown before', async () => {
    const directory = path.join(temporary.directory, 'not-yet')
    await open({ directory: temporary.directory })
    await known()
    await cloud.close()
    await open()
    await known()
    expect((await provider.listAt()).map(({ name }) => name)).toEqual(['one'])
    await open({ directory })
    await sleep(100)
    for (const asking of [provider.listAt(), provider.list(), provider.get('one'), call()])
      await expect(asking).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: 'the cloud gateway has not said yet what runs at edge-1',
      })
    expect(complaints).not.toHaveBeenCalled()
  })

  it('that was cut short on disk is learnt anew', async () => {
    await known()
    await eventually(() => readFile(path.join(temporary.directory, 'function-list.json')))
    await writeFile(path.join(temporary.directory, 'function-list.json'), '[{"name":')
    await open()
    await known()
    expect(await provider.listAt()).toHaveLength(1)
  })

  it('that the cloud does not hand out is said once', async () => {
    await open({ token: 'wrong', directory: path.join(temporary.directory, 'other') })
    await eventually(() => expect(asked.filter((one) => one === 'Bearer wrong').length).toBeGreaterThan(2))
    expect(complaints.mock.calls).toEqual([
      ['function list:', `${cloud.url}/system/places/edge-1/functions answers 401: {"error":"who?"}`],
    ])
  })
})

describe('an invocation', () => {
  beforeEach(() => start())

  it('reaches the function at its port as it was sent, and so does the answer', async () => {
    await known()
    const response = await call('/a%20b?c=%2F&status=201', {
      method: 'PUT',
      body: 'hello',
      headers: { 'X-Mine': '1', Connection: 'X-Hop', 'X-Hop': '1' },
    })
    expect(response.status).toBe(201)
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(response.headers.has('connection')).toBe(false)
    const { method, url, headers, body } = (await response.json()) as Seen
    expect({ method, url, body }).toEqual({ method: 'PUT', url: '/a%20b?c=%2F&status=201', body: 'hello' })
    expect(headers).toMatchObject({ 'x-mine': '1', host: `127.0.0.1:${port}` })
    expect(headers).not.toHaveProperty('x-hop')
    expect((await provider.get('one'))!.invocationCount).toBe(1)
  })

  it.each(['GET', 'POST', 'PATCH', 'DELETE', 'OPTIONS'])('passes %s on, with its body', async (method) => {
    await known()
    const body = method === 'GET' ? undefined : 'text'
    expect(await seen('/', { method, body })).toMatchObject({ method, body: body ?? '' })
  })

  it('uses a connection again', async () => {
    await known()
    const ports = new Set<number>()
    for (let i = 0; i < 20; i++) ports.add((await seen()).from)
    expect(ports.size).toBe(1)
  })

  it('streams large bodies both ways, many at a time', async () => {
    await known()
    const bodies = Array.from({ length: 8 }, () => randomBytes(10_000_000))
    const back = await Promise.all(
      bodies.map(async (body) => {
        const init = { method: 'POST', body: new Blob([body]).stream() }
        return new Uint8Array(await (await call('/echo', init)).arrayBuffer())
      })
    )
    expect(back.map(hash)).toEqual(bodies.map(hash))
  })

  it('that is refused before its body was read has its answer', async () => {
    await known()
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) })
    const stop = new AbortController()
    const response = await call('/refuse', { method: 'POST', body: endless, signal: stop.signal })
    expect([response.status, await response.text()]).toEqual([413, 'too large'])
    stop.abort()
  })

  it('ends when the caller gives up', async () => {
    await known()
    const waiting = call('/?ms=60000', { signal: AbortSignal.timeout(100) })
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' })
    const broken = new ReadableStream({
      start: (controller) => controller.error(new Error('the caller has gone')),
    })
    await expect(
      call('/', { method: 'POST', body: broken, headers: { 'ce-id': '1' } })
    ).rejects.toMatchObject({
      code: 'BAD_GATEWAY',
    })
  })

  it('of what is not here, is switched off, or has no port is refused with the reason', async () => {
    placed = [fn('one', { disabled: true }), fn('two', { port: undefined })]
    await eventually(async () => expect(await provider.listAt()).toHaveLength(2))
    await expect(call()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'one is switched off at edge-1',
      hint: `switch it on at ${cloud.url}`,
    })
    await expect(provider.invoke('two', request('/'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'two has no port on this node',
    })
    await expect(provider.invoke('nobody', request('/'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'there is no function "nobody" at edge-1',
      hint: 'there: one, two',
    })
  })
})

describe('while a function is being replaced', () => {
  it('requests wait for the new one, with their bodies', async () => {
    await known()
    const events = ['a', 'b', 'c'].map((body) => seen('/', { method: 'POST', body }))
    await sleep(300)
    await start('2')
    expect((await Promise.all(events)).map(({ version, body }) => version + body)).toEqual(['2a', '2b', '2c'])
  })

  it('they wait so long, and no longer', async () => {
    await open({ holdMs: 200 })
    await known()
    const began = performance.now()
    await expect(call()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'one does not run here at the moment',
      where: `127.0.0.1:${port}`,
    })
    expect(performance.now() - began).toBeGreaterThan(190)
    expect(await provider.get('one')).toMatchObject({ replicas: 1, availableReplicas: 0 })
    await start()
    await seen()
    expect(await provider.get('one')).toMatchObject({ replicas: 1, availableReplicas: 1 })
  })

  it('they stop waiting when the caller does', async () => {
    await known()
    const began = performance.now()
    await expect(call('/', { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    expect(performance.now() - began).toBeLessThan(5000)
  })

  it('none is lost that may be repeated, however often it happens', async () => {
    await start('0')
    await known()
    let over = false
    const answers: string[] = []
    const callers = [1, 2, 3, 4].map(async (caller) => {
      while (!over) {
        const headers: HeadersInit = caller % 2 ? {} : { 'ce-id': '1' }
        const init = caller === 1 ? {} : { method: 'POST', body: 'x'.repeat(5000), headers }
        // What must not be repeated may meet the end of its connection, and hears of it.
        const met = (error: EdgeloopError) => {
          if (caller !== 3 || error.code !== 'BAD_GATEWAY') throw error
        }
        const answer = await seen('/?ms=5', init).catch(met)
        if (answer) answers.push(answer.version)
      }
    })
    for (const version of ['1', '2', '3']) {
      await sleep(300)
      await stop('SIGTERM')
      await start(version)
    }
    await sleep(300)
    over = true
    await Promise.all(callers)
    expect(new Set(answers)).toEqual(new Set(['0', '1', '2', '3']))
  })

  it('a 503 of one that is not ready is waited out, one of its own is an answer', async () => {
    await start('1', 700)
    await known()
    expect(await seen('/', { method: 'POST', body: 'hello' })).toMatchObject({ version: '1', body: 'hello' })
    const began = performance.now()
    expect((await call('/?status=503')).status).toBe(503)
    expect(performance.now() - began).toBeLessThan(3000)
  })

  it('one that dies over a request is asked again only where that does no harm', async () => {
    await start('1')
    await known()
    await expect(call('/crash', { method: 'POST', body: 'x' })).rejects.toMatchObject({
      code: 'BAD_GATEWAY',
      message: 'one broke off before it answered',
    })
    await child
    await start('2')
    const slow = seen('/?ms=500', { method: 'POST', body: 'x', headers: { 'ce-id': '1' } })
    await sleep(100)
    await stop()
    await start('3')
    expect((await slow).version).toBe('3')
  })

  it('a body too large to be kept is not sent twice', async () => {
    await open({ holdMs: 300 })
    await start('1')
    await known()
    const init = { method: 'PUT', body: new Blob([randomBytes(3_000_000)]).stream() }
    const slow = call('/?ms=60000', init)
    const failure = expect(slow).rejects.toMatchObject({ code: 'BAD_GATEWAY' })
    await sleep(300)
    await stop()
    await failure
  })
})

describe('its origin', () => {
  it('is the port, and waited for when nobody was there', async () => {
    await known()
    const origin = `http://127.0.0.1:${port}`
    expect(await provider.origin('one')).toBe(origin)
    const again = provider.origin('one', undefined, new Set([origin]))
    await sleep(200)
    await start()
    expect(await again).toBe(origin)
    await stop()
    await open({ holdMs: 100 })
    await known()
    await expect(provider.origin('one', undefined, new Set([origin]))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
  })
})

describe('behind a local gateway', () => {
  it.each(['directly', 'through the provider'])('requests wait %s, too', async (how) => {
    const gateway = createInvocations(provider)
    const server = await serveHttp({
      fetch: gateway.fetch,
      intercept: how === 'directly' ? gateway.intercept : undefined,
      host: '127.0.0.1',
      port: 0,
      name: 'the gateway',
    })
    try {
      await known()
      const ask = async (body: string) => {
        const response = await fetch(`${server.url}/function/one/a?b`, { method: 'POST', body })
        return (await response.json()) as Seen
      }
      for (const version of ['1', '2']) {
        const asking = ['x', 'y', 'z'].map((one) => ask(one.repeat(100_000)))
        await sleep(200)
        await start(version)
        for (const [i, { version: answered, body, url }] of (await Promise.all(asking)).entries())
          expect([answered, body.length, body[0], url]).toEqual([version, 100_000, 'xyz'[i], '/a?b'])
        await stop()
      }
    } finally {
      await server.close()
      await gateway.close()
    }
  })
})

it('decides nothing: that is done at the cloud’s gateway', async () => {
  await known()
  const refused = [
    provider.deploy({ service: 'one', image: 'i' }),
    provider.remove('one'),
    provider.scale('one', 2),
    provider.switchAt('edge-1', 'one', false),
    provider.listAt('edge-2'),
    provider.secrets.list(),
    provider.namespaces.list(),
  ]
  for (const asking of refused)
    await expect(asking).rejects.toMatchObject({
      code: 'MISDIRECTED',
      message: 'edge-1 only invokes functions',
      hint: `ask the cloud's gateway, ${cloud.url}`,
    })
  expect(await provider.listAt('edge-1')).toHaveLength(1)
})
