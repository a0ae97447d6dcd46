import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as requestHttp } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRelayDoor, createRelays, type Relays } from '../../gateway/index.ts'
import { sentTo, targetOf } from '../../lib/forwarding/index.ts'
import { serveHttp, type WebServer } from '../../lib/web-server/index.ts'
import { createLink, type Link } from '../../platform/link/index.ts'
import { temporaryDirectory } from '../../test/support/index.ts'
import { createRelay, type Relay, type RelayOptions } from './index.ts'

vi.setConfig({ testTimeout: 60_000 })

let relays: Relays
let gateway: WebServer
let link: Link
let opened: Relay[]
/** What the edge's functions do. */
let functions: Hono
let complaints: ReturnType<typeof vi.spyOn>

const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 10 })
const reachable = (...edges: string[]) => eventually(() => expect(relays.edges()).toEqual(edges))
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

function openGateway(port = 0): Promise<WebServer> {
  relays = createRelays({ watch: { everyMs: 100, looks: 5 } })
  return serveHttp({
    fetch: () => new Response('an ordinary answer'),
    host: '127.0.0.1',
    port,
    name: 'the gateway',
    onUpgrade: createRelayDoor({ relays, allows: (authorization) => authorization === 'Bearer right' }),
  })
}

function openRelay(more: Partial<RelayOptions> = {}): Relay {
  const relay = createRelay({
    edge: 'edge-1',
    gateway: `http://127.0.0.1:${link.port}`,
    token: 'right',
    fetch: (request) => functions.fetch(request),
    backoff: { initialMs: 10, maxMs: 50 },
    watch: { everyMs: 100, looks: 5 },
    ...more,
  })
  opened.push(relay)
  return relay
}

type Body = ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | string
function ask(
  path: string,
  init: { method?: string; body?: Body; headers?: HeadersInit } = {},
  edge = 'edge-1'
) {
  const stop = new AbortController()
  const request = new Request(`http://gateway${path}`, {
    method: init.body === undefined ? 'GET' : 'POST',
    ...init,
    signal: stop.signal,
    duplex: 'half',
  } as RequestInit)
  return { stop, answer: relays.invoke(edge, 'fn', request) }
}
const text = async (path: string, init = {}, edge = 'edge-1') => (await ask(path, init, edge).answer).text()

/** A body without end, with how much of it was asked for. */
function endless(pause = 0) {
  const seen = { bytes: 0, cancelled: false }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (pause > 0) await sleep(pause)
      seen.bytes += 65_536
      controller.enqueue(new Uint8Array(65_536))
    },
    cancel() {
      seen.cancelled = true
    },
  })
  return { seen, body }
}

beforeEach(async () => {
  complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
  opened = []
  gateway = await openGateway()
  link = await createLink(gateway.port)
  functions = new Hono()
})
afterEach(async () => {
  await Promise.all(opened.map((relay) => relay.close()))
  await relays.close()
  await gateway.close()
  await link.close()
  complaints.mockRestore()
})

describe('a request to an edge', () => {
  beforeEach(async () => {
    functions.all('*', async (c) => {
      const { pathname, search } = new URL(c.req.url)
      c.header('X-Edge', 'a lie')
      c.header('Connection', 'close')
      c.header('Set-Cookie', 'a=1')
      c.header('Set-Cookie', 'b=2', { append: true })
      return c.json(
        {
          method: c.req.method,
          path: pathname + search,
          headers: Object.fromEntries(c.req.raw.headers),
          body: await c.req.text(),
        },
        c.req.path.endsWith('teapot') ? 418 : 200
      )
    })
    openRelay()
    await reachable('edge-1')
  })

  it('arrives as it was sent, and so does the answer', async () => {
    const { answer } = ask('/a%20b/c?d=%2F', {
      method: 'PUT',
      body: 'hello',
      headers: {
        'Content-Type': 'text/x',
        Connection: 'X-Hop',
        'X-Hop': '1',
        'X-Edge': 'edge-1',
        Cookie: 'a=b; c=d',
      },
    })
    const response = await answer
    expect(response.status).toBe(200)
    expect(response.headers.get('x-edge')).toBe('edge-1')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(response.headers.has('connection')).toBe(false)
    const seen = await response.json()
    expect(seen).toMatchObject({ method: 'PUT', path: '/function/fn/a%20b/c?d=%2F', body: 'hello' })
    expect(seen.headers).toMatchObject({ 'content-type': 'text/x', 'x-edge': 'edge-1', cookie: 'a=b; c=d' })
    expect(seen.headers).not.toHaveProperty('x-hop')
  })

  it('names a namespace where it is not the usual one, and no path where there is none', async () => {
    const paths = ['openfaas-fn', 'team-a'].map(async (namespace) => {
      const response = await relays.invoke('edge-1', 'fn', new Request('http://gateway/?a=1'), namespace)
      return ((await response.json()) as { path: string }).path
    })
    expect(await Promise.all(paths)).toEqual(['/function/fn?a=1', '/function/fn.team-a?a=1'])
  })

  it.each(['//x', '/a/../b', '/../b?c=/../d', '/a|b\\c'])(
    'keeps its path as it was sent: %s',
    async (target) => {
      functions = new Hono().all('*', (c) => c.text(targetOf(c.req.raw)))
      const request = sentTo(new Request('http://gateway/'), target)
      const response = await relays.invoke('edge-1', 'fn', request)
      expect(await response.text()).toBe(`/function/fn${target}`)
    }
  )

  it('gets any status, and answers without a body', async () => {
    expect((await ask('/teapot').answer).status).toBe(418)
    const head = await ask('/', { method: 'HEAD' }).answer
    expect([head.status, head.body]).toEqual([200, null])
    functions = new Hono().all('*', (c) => c.body(null, 204))
    expect((await ask('/', { body: 'x' }).answer).status).toBe(204)
  })

  it('may be one of many at a time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 400 }, (_, i) => text(`/${i}`, { body: String(i) }))
    )
    expect(answers.map((one) => JSON.parse(one).body)).toEqual(answers.map((_, i) => String(i)))
  })

  it('whose handler throws is an error, and the line goes on', async () => {
    functions = new Hono().get('*', (c) => (c.req.path.endsWith('/ok') ? c.text('ok') : Promise.reject('no')))
    await expect(ask('/').answer).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await text('/ok')).toBe('ok')
  })
})

describe('bodies', () => {
  beforeEach(async () => {
    functions.post('*', (c) => new Response(c.req.raw.body))
    openRelay()
    await reachable('edge-1')
  })

  it('of many megabytes go there and back, several at a time', async () => {
    const bodies = Array.from({ length: 6 }, () => randomBytes(20_000_000) as Uint8Array<ArrayBuffer>)
    const back = await Promise.all(
      bodies.map(async (body) => new Uint8Array(await (await ask('/', { body }).answer).arrayBuffer()))
    )
    expect(back.map(hash)).toEqual(bodies.map(hash))
  })

  it('are streamed: the first piece is back before the second one goes', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const { answer } = ask('/', { body: readable })
    writer.write(Buffer.from('first')).catch(() => {})
    const reader = (await answer).body!.getReader()
    expect(String(Buffer.from((await reader.read()).value!))).toBe('first')
    writer.write(Buffer.from('second')).catch(() => {})
    expect(String(Buffer.from((await reader.read()).value!))).toBe('second')
    await writer.close()
    expect((await reader.read()).done).toBe(true)
  })

  it('wait for a slow reader, who holds nobody else up', async () => {
    const { seen, body } = endless()
    functions = new Hono().get('*', () => new Response(body)).post('*', (c) => new Response(c.req.raw.body))
    const reader = (await ask('/').answer).body!.getReader()
    await reader.read()
    await sleep(300)
    const held = seen.bytes
    expect(held).toBeLessThan(4_000_000)
    expect(await text('/', { body: 'x'.repeat(3_000_000) })).toHaveLength(3_000_000)
    expect(seen.bytes).toBe(held)
    await reader.cancel()
    await eventually(() => expect(seen.cancelled).toBe(true))
  })

  it('that a function refuses unread do not keep its answer back', async () => {
    const { seen, body } = endless()
    functions = new Hono().post('*', (c) => c.text('too large', 413))
    const response = await ask('/', { body }).answer
    expect([response.status, await response.text()]).toEqual([413, 'too large'])
    await eventually(() => expect(seen.cancelled).toBe(true))
  })
})

describe('what breaks off', () => {
  it('at the caller’s end is told to the function', async () => {
    const aborted: string[] = []
    functions.get('/function/fn/wait', (c) => {
      c.req.raw.signal.addEventListener('abort', () => aborted.push('waiting'))
      return new Promise<Response>(() => {})
    })
    const { seen, body } = endless(5)
    functions.get('/function/fn/read', () => new Response(body))
    openRelay()
    await reachable('edge-1')
    const waiting = ask('/wait')
    const expectation = expect(waiting.answer).rejects.toThrow('enough')
    await sleep(50)
    waiting.stop.abort(new Error('enough'))
    await expectation
    await eventually(() => expect(aborted).toEqual(['waiting']))

    const reading = ask('/read')
    const reader = (await reading.answer).body!.getReader()
    await reader.read()
    reading.stop.abort()
    await expect(
      (async () => {
        while (!(await reader.read()).done);
      })()
    ).rejects.toThrow()
    await eventually(() => expect(seen.cancelled).toBe(true))
  })

  it('in the caller’s body reaches the function as an error, not as an end', async () => {
    const heard: string[] = []
    functions.post('*', async (c) => {
      await c.req.arrayBuffer().then(
        () => heard.push('all of it'),
        () => heard.push('broken off')
      )
      return c.text('')
    })
    openRelay()
    await reachable('edge-1')
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(10)),
      pull: async (controller) => {
        await sleep(50)
        controller.error(new Error('the caller has gone'))
      },
    })
    await ask('/', { body }).answer.catch(() => {})
    await eventually(() => expect(heard).toEqual(['broken off']))
  })

  it('in the function’s answer is an error for the caller, not an end', async () => {
    functions.get('*', () => {
      let pieces = 0
      return new Response(
        new ReadableStream({
          pull(controller) {
            if (pieces++ < 3) controller.enqueue(new Uint8Array(1000))
            else controller.error(new Error('it crashed'))
          },
        })
      )
    })
    openRelay()
    await reachable('edge-1')
    await expect((await ask('/').answer).arrayBuffer()).rejects.toThrow()
  })

  it('is the line: nobody waits, and it comes back by itself', async () => {
    const { seen, body } = endless(1)
    functions
      .all('/function/fn/wait', () => new Promise<Response>(() => {}))
      .get('/function/fn/read', () => new Response(body))
      .get('/function/fn/hello', (c) => c.text('hello'))
    const relay = openRelay()
    await reachable('edge-1')
    const waiting = expect(ask('/wait').answer).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      where: 'edge-1',
    })
    const reading = await ask('/read').answer
    const sending = expect(ask('/wait', { body: endless(1).body }).answer).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    await sleep(50)
    link.cut()
    await Promise.all([waiting, sending, expect(reading.arrayBuffer()).rejects.toThrow()])
    await eventually(() => expect([seen.cancelled, relay.connected]).toEqual([true, false]))
    expect(relays.edges()).toEqual([])
    await expect(ask('/hello').answer).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'edge-1 is out of reach',
      hint: 'no edge is in reach now',
    })
    link.heal()
    await reachable('edge-1')
    expect(await text('/hello')).toBe('hello')
    expect(complaints).not.toHaveBeenCalled()
  })
})

describe('a line', () => {
  beforeEach(() => {
    functions.get('*', (c) => c.text('hello'))
  })

  /** Passes bytes on until it is told to lose them, as a cable does that is cut without anybody being told. */
  async function hole(port: number) {
    const sockets: Socket[] = []
    let lost = false
    const server: Server = createServer((near) => {
      const far = connect(port, '127.0.0.1')
      sockets.push(
        near.on('error', () => {}),
        far.on('error', () => {})
      )
      near.on('data', (bytes) => lost || far.write(bytes))
      far.on('data', (bytes) => lost || near.write(bytes))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      port: (server.address() as AddressInfo).port,
      swallow(yes: boolean) {
        lost = yes
      },
      open: () => sockets.filter((socket) => !socket.destroyed).length,
      close() {
        for (const socket of sockets) socket.destroy()
        server.close()
      },
    }
  }

  it('that has gone silent is noticed at both ends, and replaced', async () => {
    const cable = await hole(gateway.port)
    try {
      const relay = openRelay({ gateway: `http://127.0.0.1:${cable.port}` })
      await reachable('edge-1')
      await sleep(1000)
      expect(relays.edges()).toEqual(['edge-1'])
      cable.swallow(true)
      const waiting = ask('/')
      await expect(waiting.answer).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await eventually(() => expect([relays.edges(), relay.connected]).toEqual([[], false]))
      cable.swallow(false)
      await reachable('edge-1')
      expect(await text('/')).toBe('hello')
    } finally {
      cable.close()
    }
  })

  it.each(['up', 'down'] as const)('that is slow on its way %s is not taken for a dead one', async (way) => {
    const PER_TICK = 4000
    const sockets: Socket[] = []
    /** Takes all at once and passes it on at 200 KB/s, as routers with large buffers do. */
    const slowly = (to: Socket) => {
      const waiting: Buffer[] = []
      const timer = setInterval(() => {
        for (let left = PER_TICK; left > 0 && waiting.length > 0; ) {
          const piece = waiting[0]!.subarray(0, left)
          left -= piece.length
          to.write(piece)
          if (piece.length === waiting[0]!.length) waiting.shift()
          else waiting[0] = waiting[0]!.subarray(piece.length)
        }
      }, 20)
      to.once('close', () => clearInterval(timer))
      return (bytes: Buffer) => void waiting.push(bytes)
    }
    const server = createServer((near) => {
      const far = connect(gateway.port, '127.0.0.1')
      sockets.push(
        near.on('error', () => {}),
        far.on('error', () => {})
      )
      near.on('data', way === 'up' ? slowly(far) : (bytes) => far.write(bytes))
      far.on('data', way === 'down' ? slowly(near) : (bytes) => near.write(bytes))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const sizes: number[] = []
      functions.post('*', async (c) => {
        sizes.push((await c.req.arrayBuffer()).byteLength)
        return c.text('taken')
      })
      openRelay({
        gateway: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        fetch: (request) =>
          request.method === 'GET' ? new Response(new Uint8Array(1_000_000)) : functions.fetch(request),
      })
      await reachable('edge-1')
      if (way === 'up')
        expect(await (await ask('/').answer).arrayBuffer()).toHaveProperty('byteLength', 1_000_000)
      else {
        expect(await text('/', { body: new Uint8Array(1_000_000) })).toBe('taken')
        expect(sizes).toEqual([1_000_000])
      }
    } finally {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  })

  it('of an edge that connects again replaces the one before', async () => {
    openRelay({ fetch: async () => new Response('the first') })
    await reachable('edge-1')
    expect(await text('/')).toBe('the first')
    await opened[0]!.close()
    openRelay({ fetch: async () => new Response('the second') })
    await reachable('edge-1')
    expect(await text('/')).toBe('the second')

    // One whose end nobody has noticed.
    const stale = connect(gateway.port, '127.0.0.1')
      .on('error', () => {})
      .resume()
    stale.write(
      'GET /system/places/edge-2/relay HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: edgeloop-relay\r\n' +
        'Authorization: Bearer right\r\n\r\n'
    )
    await reachable('edge-1', 'edge-2')
    openRelay({ edge: 'edge-2', fetch: async () => new Response('edge-2') })
    await once(stale, 'close')
    await eventually(async () => expect(await text('/', {}, 'edge-2')).toBe('edge-2'))
  })

  it('is left to another agent of this name while it is paused', async () => {
    const relay = openRelay()
    await reachable('edge-1')
    relay.pause(true)
    await reachable()
    await sleep(200)
    expect([relays.edges(), relay.connected]).toEqual([[], false])
    relay.pause(false)
    await reachable('edge-1')
  })

  it('goes to each edge by its name', async () => {
    for (const edge of ['edge-1', 'edge-2', 'edge-3'])
      openRelay({ edge, fetch: async () => new Response(`from ${edge}`) })
    await reachable('edge-1', 'edge-2', 'edge-3')
    expect(await text('/', {}, 'edge-2')).toBe('from edge-2')
    await expect(ask('/', {}, 'edge-9').answer).rejects.toMatchObject({
      message: 'edge-9 is out of reach',
      hint: 'in reach: edge-1, edge-2, edge-3',
    })
  })

  it('carries hints, and is one itself', async () => {
    const onHint = vi.fn()
    openRelay({ onHint })
    await reachable('edge-1')
    await eventually(() => expect(onHint).toHaveBeenCalledTimes(1))
    relays.hint()
    await eventually(() => expect(onHint).toHaveBeenCalledTimes(2))
  })

  it('is laid anew when the gateway comes back, and both ends close soon', async () => {
    openRelay({ gateway: gateway.url })
    await reachable('edge-1')
    functions = new Hono().get('*', async (c) => {
      await sleep(200)
      return c.text('at last')
    })
    const answering = text('/')
    await sleep(50)
    const closing = performance.now()
    await relays.close()
    await gateway.close()
    expect(await answering).toBe('at last')
    expect(performance.now() - closing).toBeLessThan(3000)
    gateway = await openGateway(gateway.port)
    await reachable('edge-1')
    expect(await text('/')).toBe('at last')
  })
})

describe('the door', () => {
  it('is shut for a wrong token, which is said once, and for one that is missing', async () => {
    const wrong = openRelay({ token: 'wrong' })
    openRelay({ edge: 'edge-2', token: undefined })
    await eventually(() => expect(complaints.mock.calls.length).toBeGreaterThanOrEqual(2))
    await sleep(200)
    expect(wrong.connected).toBe(false)
    expect(relays.edges()).toEqual([])
    expect(complaints.mock.calls).toEqual(
      Array(2).fill([
        'relay:',
        'the cloud gateway does not accept this edge (401)',
        "compare the secret edge-token here with the gateway's",
      ])
    )
  })

  const upgrade = (path: string, protocol: string, authorization = 'Bearer right') =>
    new Promise<{ status?: number; body: string }>((resolve, reject) => {
      const headers = { Connection: 'Upgrade', Upgrade: protocol, Authorization: authorization }
      const request = requestHttp(new URL(path, gateway.url), { headers }, (answer) => {
        let body = ''
        answer.on('data', (bytes) => {
          body += bytes
        })
        answer.on('end', () => resolve({ status: answer.statusCode, body }))
      })
      request.on('upgrade', (answer, socket) => {
        socket.destroy()
        resolve({ status: answer.statusCode, body: '' })
      })
      request.on('error', reject)
      request.end()
    })

  it.each([
    ['/system/places/edge-1/relay', 'edgeloop-relay', 101],
    ['/system/places/edge-1/relay', 'websocket', 200],
    ['/function/one', 'h2c', 200],
    ['/function/one', 'edgeloop-relay', 200],
    ['/system/places/edge-1/functions', 'edgeloop-relay', 404],
    ['/system/places/Not%20An%20Edge/relay', 'edgeloop-relay', 404],
  ])('for %s with %s answers %i', async (path, protocol, status) => {
    expect(await upgrade(path, protocol)).toMatchObject({ status })
    expect(await (await fetch(gateway.url)).text()).toBe('an ordinary answer')
  })

  it('leaves no connection open that it has refused', async () => {
    const socket = connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true })
    const closed = new Promise((resolve) => socket.resume().once('close', resolve))
    const head = ['GET /system/places/edge-1/relay HTTP/1.1', 'Host: a', 'Connection: Upgrade']
    socket.write([...head, 'Upgrade: edgeloop-relay', '', ''].join('\r\n'))
    socket.on('error', () => {})
    // It never hangs up by itself.
    const hold = setInterval(() => socket.write('.'), 50)
    await closed
    clearInterval(hold)
  })

  it('that opens no relay is named, with what may be in the way', async () => {
    const plain = await serveHttp({
      fetch: () => new Response('no', { status: 404 }),
      host: '127.0.0.1',
      port: 0,
      name: 'a proxy',
    })
    openRelay({ gateway: plain.url })
    await eventually(() =>
      expect(complaints.mock.calls).toEqual([
        [
          'relay:',
          'the cloud gateway opens no relay: it answered 404',
          'what stands before the gateway has to let "Upgrade: edgeloop-relay" pass',
        ],
      ])
    )
    await plain.close()
  })
})

describe('behind a proxy that ends TLS', () => {
  let proxy: TlsServer
  let place: Awaited<ReturnType<typeof temporaryDirectory>>

  beforeEach(async () => {
    place = await temporaryDirectory('relay')
    const file = (name: string) => `${place.directory}/${name}`
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      file('key'),
    ]
    await execa('openssl', ['req', '-x509', ...key, '-out', file('cert'), '-days', '1', ...subject])
    proxy = createTlsServer({ key: readFileSync(file('key')), cert: readFileSync(file('cert')) })
    // As nginx does with `proxy_set_header Upgrade`: the request is read and asked anew, then bytes are bytes.
    proxy.on('upgrade', (request, near, head) => {
      const { method, url: path, headers } = request
      const onward = requestHttp({ host: '127.0.0.1', port: gateway.port, method, path, headers })
      onward.on('upgrade', (answer, far, first) => {
        const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`)
        near.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`)
        near.write(first)
        far.write(head)
        near.on('error', () => far.destroy())
        far.on('error', () => near.destroy())
        near.pipe(far).pipe(near)
      })
      onward.end()
    })
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
  })
  afterEach(async () => {
    proxy.close()
    await place.remove()
  })

  it('everything works the same', async () => {
    const main = new URL('relay-child.ts', import.meta.url).pathname
    const { port } = proxy.address() as AddressInfo
    const child = execa(process.execPath, ['--import', 'tsx', main, `https://localhost:${port}`, 'right'], {
      // Read once, when a process starts.
      env: { NODE_EXTRA_CA_CERTS: `${place.directory}/cert` },
      reject: false,
    })
    try {
      await reachable('edge-1')
      const body = randomBytes(8_000_000) as Uint8Array<ArrayBuffer>
      const back = await Promise.all(
        [1, 2, 3].map(async () => new Uint8Array(await (await ask('/', { body }).answer).arrayBuffer()))
      )
      expect(back.map(hash)).toEqual(Array(3).fill(hash(body)))
      // Pings count what has come through TLS, too.
      await sleep(1500)
      expect(relays.edges()).toEqual(['edge-1'])
      expect(await text('/', { body: 'hello' })).toBe('hello')
    } finally {
      child.kill('SIGKILL')
      await child
    }
  })
})
