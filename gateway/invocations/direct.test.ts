import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { serveHttp, type WebServer } from '../../lib/web-server/index.ts'
import { createGateway, type Gateway } from '../app.ts'
import { createAuthenticator } from '../auth/index.ts'
import type { FunctionStatus, Provider } from '../provider.ts'

/** Where the function `fn` listens, in the order in which its places are tried. */
let origins: string[]
let annotations: Record<string, string>
let gateway: Gateway
let server: WebServer
let closing: (() => unknown)[]

const status = (): FunctionStatus => ({
  name: 'fn',
  image: 'fn:1',
  annotations,
  replicas: 1,
  availableReplicas: 1,
  invocationCount: 0,
  createdAt: new Date().toISOString(),
})
/** As much of a provider as invocations need. */
const provider = {
  name: 'test',
  get: async (name: string) => (name === 'fn' ? status() : undefined),
  list: async () => [status()],
  namespaces: { list: async () => [{ name: 'openfaas-fn', labels: {}, annotations: {} }] },
  origin: async (_name: string, _namespace?: string, avoid?: ReadonlySet<string>) =>
    origins.find((origin) => !avoid?.has(origin)),
  invoke: async () => new Response('by the provider'),
} as unknown as Provider

async function open(timeoutMs = 10_000, more: Partial<Provider> = {}): Promise<void> {
  gateway = createGateway(
    { ...provider, ...more },
    {
      timeoutMs,
      authenticator: createAuthenticator({ user: 'admin', password: 'secret' }),
    }
  )
  const { fetch, intercept } = gateway
  server = await serveHttp({ fetch, intercept, host: '127.0.0.1', port: 0, name: 'the gateway' })
  closing.push(gateway.close, server.close)
}

beforeEach(() => {
  origins = []
  annotations = {}
  closing = []
})
afterEach(async () => {
  for (const close of closing.reverse()) await close()
})

async function listen(listener: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  const sockets = new Set<Socket>()
  listener.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    listener.close()
  })
  return `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
}

/** A function that answers with Node's own server. */
const serveFn = async (answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void) =>
  origins.push(await listen(createServer(answer)))
/** A function that says what it likes on its connections. */
const serveRaw = async (talk: (socket: Socket) => void) => origins.push(await listen(createTcpServer(talk)))

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

const url = (path = '') => `${server.url}/function/fn${path}`
const ask = (path = '', init: RequestInit = {}) => fetch(url(path), init)
const refusal = async (response: Response) =>
  [response.status, ((await response.json()) as { error: string }).error] as const
const metrics = async () => (await fetch(`${server.url}/metrics`)).text()
const counted = async (code: number) => {
  const line = `gateway_function_invocation_total{function_name="fn.openfaas-fn",code="${code}"} `
  return Number((await metrics()).split(line)[1]?.split('\n')[0] ?? 0)
}
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 5000, interval: 10 })

describe('a request', () => {
  it('reaches the function as it is, with what the gateway knows', async () => {
    await serveFn(async (incoming, outgoing) => {
      const { method, url, headers } = incoming
      outgoing.end(JSON.stringify({ method, url, headers, body: await textOf(incoming) }))
    })
    await open()
    const response = await ask('/a//b%2Fc?x=%20&y', {
      method: 'PATCH',
      body: 'the body',
      headers: {
        'X-Call-Id': 'mine',
        'X-Forwarded-For': '10.0.0.1',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        Authorization: 'Bearer the functions own',
      },
    })
    const seen = await response.json()
    expect(seen).toMatchObject({
      method: 'PATCH',
      url: '/a//b%2Fc?x=%20&y',
      body: 'the body',
      headers: {
        host: new URL(origins[0]!).host,
        'content-length': '8',
        'x-call-id': 'mine',
        'x-forwarded-for': '10.0.0.1, 127.0.0.1',
        'x-forwarded-host': new URL(server.url).host,
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        authorization: 'Bearer the functions own',
      },
    })
    expect(Math.abs(Number(seen.headers['x-start-time']) / 1e6 - Date.now())).toBeLessThan(60_000)
    expect(response.headers.get('x-call-id')).toBe('mine')
    expect(Number(response.headers.get('x-duration-seconds'))).toBeGreaterThan(0)
  })

  it('leaves behind what belongs to its connection', async () => {
    await serveFn(({ headers }, outgoing) => {
      outgoing.writeHead(200, {
        'X-Hop': 'here',
        Connection: 'keep-alive, X-Hop',
        'Set-Cookie': ['a=1', 'b=2'],
      })
      outgoing.end(JSON.stringify(headers))
    })
    await open()
    const asking = request(url(), {
      headers: { Connection: 'X-Mine, close', 'X-Mine': '1', 'X-Yours': '2', TE: 'x' },
    })
    asking.end()
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    const seen = JSON.parse(await textOf(answer))
    expect(seen).toMatchObject({ 'x-yours': '2' })
    for (const name of ['x-mine', 'te']) expect(seen).not.toHaveProperty(name)
    expect(answer.headers).not.toHaveProperty('x-hop')
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
  })

  it('keeps its length, whatever its connection says: nobody’s body is another one’s request', async () => {
    const heard: string[] = []
    await serveFn(async (incoming, outgoing) => {
      let body = ''
      for await (const piece of incoming) body += piece
      heard.push(`${incoming.url} ${body.length}`)
      outgoing.end()
    })
    await open()
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
    const socket = connect(server.port, '127.0.0.1')
    const head = `POST /function/fn/outer HTTP/1.1\r\nHost: a\r\nConnection: content-length, close\r\n`
    socket.write(`${head}Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`)
    socket.resume()
    await once(socket, 'close')
    expect((await ask('/next')).status).toBe(200)
    expect(heard).toEqual([`/outer ${smuggled.length}`, '/next 0'])
  })

  it('that names the gateway, as a proxy is asked, goes the same way', async () => {
    await serveFn((incoming, outgoing) => outgoing.end(incoming.url))
    await open()
    const socket = connect(server.port, '127.0.0.1')
    socket.write('GET http://gateway:8080/function/fn/a?b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    let heard = ''
    socket.on('data', (bytes) => {
      heard += bytes
    })
    await once(socket, 'close')
    expect(heard).toMatch(/^HTTP\/1.1 200 [\s\S]*\/a\?b/)
  })

  it.each(['HEAD', 'GET', 'DELETE', 'OPTIONS'])('%s needs no body', async (method) => {
    await serveFn((incoming, outgoing) => outgoing.end(incoming.method))
    await open()
    const response = await ask('', { method })
    expect([response.status, await response.text()]).toEqual([200, method === 'HEAD' ? '' : method])
    expect(response.headers.get('content-length')).toBe(method === 'HEAD' ? null : String(method.length))
  })

  it.each([204, 304, 404, 418, 500])('gets its status %i back', async (code) => {
    await serveFn((_incoming, outgoing) => outgoing.writeHead(code, { 'X-Reason': 'a test' }).end())
    await open()
    const response = await ask()
    expect([response.status, response.headers.get('x-reason')]).toEqual([code, 'a test'])
    expect(await counted(code)).toBe(1)
  })

  it('and its answer are streamed: each piece goes on as it comes', async () => {
    await serveFn((incoming, outgoing) => {
      incoming.on('data', (piece: Buffer) => outgoing.write(piece.toString().toUpperCase()))
      incoming.on('end', () => outgoing.end())
    })
    await open()
    const asking = request(url(), { method: 'POST' })
    asking.write('one')
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    const heard: string[] = []
    answer.setEncoding('utf8').on('data', (text: string) => {
      heard.push(text)
      if (heard.length === 1) asking.end('two')
    })
    await once(answer, 'end')
    expect(heard).toEqual(['ONE', 'TWO'])
  })

  it('sees the head of an answer whose body has yet to come', async () => {
    let go = () => {}
    await serveFn((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders()
      go = () => outgoing.end('data: x\n\n')
    })
    await open()
    const response = await ask()
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    go()
    expect(await response.text()).toBe('data: x\n\n')
  })

  it('of many megabytes goes through whole', async () => {
    await serveFn((incoming, outgoing) => incoming.pipe(outgoing))
    await open()
    const body = Buffer.alloc(20_000_000, 'abc')
    for (const init of [{ body }, { body: new Blob([body]).stream(), duplex: 'half' }] as RequestInit[]) {
      const response = await ask('', { method: 'POST', ...init })
      expect(body.equals(Buffer.from(await response.arrayBuffer()))).toBe(true)
    }
  })

  it('after request uses one connection', async () => {
    const ports = new Set<number>()
    await serveFn((incoming, outgoing) => {
      ports.add(incoming.socket.remotePort!)
      incoming.resume().on('end', () => outgoing.end('done'))
    })
    await open()
    for (let i = 0; i < 5; i++) await (await ask('', { method: 'POST', body: 'x' })).text()
    expect(ports.size).toBe(1)
  })

  it('goes to the provider where the function cannot be connected to', async () => {
    await open()
    expect(await (await ask()).text()).toBe('by the provider')
  })
})

describe('a function that asks for credentials', () => {
  const authorization = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` })

  it('is for those who have them, and does not see them', async () => {
    annotations = { 'edgeloop.dev/auth': 'gateway' }
    await serveFn(({ headers }, outgoing) => outgoing.end(headers.authorization ?? 'none'))
    await open()
    for (const headers of [
      {},
      authorization('admin:wrong'),
      authorization('admin'),
      { Authorization: 'Bearer secret' },
    ]) {
      const response = await ask('', { headers })
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([
        401,
        'Basic realm="edgeloop", charset="UTF-8"',
      ])
      expect(response.headers.get('x-call-id')).not.toBe(null)
    }
    const response = await ask('', { headers: authorization('admin:secret') })
    expect([response.status, await response.text()]).toEqual([200, 'none'])
  })
})

describe('a function that is not well', () => {
  it('is asked at another place when nobody takes a connection', async () => {
    origins.push('http://127.0.0.1:1', 'http://127.0.0.1:2')
    await serveFn(async (incoming, outgoing) => outgoing.end(await textOf(incoming)))
    await open()
    const response = await ask('', { method: 'POST', body: 'hello' })
    expect([response.status, await response.text()]).toEqual([200, 'hello'])
  })

  it('is named when nobody is there at all', async () => {
    origins.push('http://127.0.0.1:1')
    await open()
    expect(await refusal(await ask())).toEqual([
      502,
      expect.stringMatching(/^nobody answers for fn: .*ECONNREFUSED/),
    ])
    expect(await counted(502)).toBe(1)
  })

  it.each<[string, (socket: Socket) => void, RegExp]>([
    ['crashes', (socket) => socket.destroy(), /it broke off|ECONNRESET/],
    ['says nothing that could be understood', (socket) => socket.end('hello\r\n\r\n'), /HTTP\/1.1/],
    [
      'answers with a header that is none',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n'),
      /characters that a header cannot have/,
    ],
    [
      'answers with a status line that is none',
      (socket) => socket.end('HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n'),
      /characters that a header cannot have/,
    ],
  ])('and %s is a bad gateway', async (_name, talk, why) => {
    await serveRaw((socket) => socket.once('data', () => talk(socket)))
    await open()
    expect(await refusal(await ask())).toEqual([502, expect.stringMatching(why)])
    expect(await counted(502)).toBe(1)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })

  it('says whatever it likes, and the gateway answers the next request', async () => {
    let said = ''
    await serveRaw((socket) => socket.once('data', () => socket.end(said, 'latin1')))
    await open()
    const anything = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    })
    const nearly = fc
      .tuple(anything, anything)
      .map(([reason, value]) => `${'HTTP/1.1 200 '}${reason}\r\nX: ${value}\r\nContent-Length: 0\r\n\r\n`)
    await fc.assert(
      fc.asyncProperty(fc.oneof(anything, nearly), async (bytes) => {
        said = bytes
        const response = await ask()
        expect([200, 502]).toContain(response.status)
        await response.text()
      }),
      { numRuns: 200 }
    )
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })

  it('and crashes in the middle of its answer breaks the caller’s connection', async () => {
    await serveRaw((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello')
        setTimeout(() => socket.destroy(), 50)
      })
    )
    await open()
    const response = await ask()
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
    await eventually(async () => expect(await counted(502)).toBe(1))
  })

  it('and does not answer in time is given up', async () => {
    const gone = vi.fn()
    await serveRaw((socket) => socket.on('data', () => {}).once('close', gone))
    await open(200)
    const response = await ask()
    expect(response.headers.get('x-call-id')).not.toBe(null)
    expect(await refusal(response)).toEqual([504, 'fn did not answer within 0.2 s'])
    await eventually(() => expect(gone).toHaveBeenCalled())
    expect(await counted(504)).toBe(1)
  })

  it('or does not start in time, is given up as well, and counted', async () => {
    let waiting: AbortSignal | undefined
    await open(200, {
      origin: (_name, _namespace, _avoid, leaving) => {
        waiting = leaving!()
        return new Promise((_resolve, reject) => {
          waiting!.addEventListener('abort', () => reject(waiting!.reason))
        })
      },
    })
    expect(await refusal(await ask())).toEqual([504, 'fn did not answer within 0.2 s'])
    await eventually(() => expect(waiting!.aborted).toBe(true))
    expect(await counted(504)).toBe(1)
  })

  it('or cannot start, is counted, too', async () => {
    await open(10_000, {
      origin: async () => {
        throw new EdgeloopError('UNAVAILABLE', 'fn cannot answer: CrashLoopBackOff')
      },
    })
    expect(await refusal(await ask())).toEqual([503, 'fn cannot answer: CrashLoopBackOff'])
    expect(await counted(503)).toBe(1)
  })

  it('and stops in the middle of its answer is given up, too', async () => {
    await serveRaw((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello'))
    )
    await open(200)
    await expect((await ask()).text()).rejects.toThrow()
    await eventually(async () => expect(await counted(504)).toBe(1))
  })

  it('is let go of when the caller goes', async () => {
    const gone = vi.fn()
    await serveFn((incoming) => incoming.socket.once('close', gone))
    await open()
    await expect(ask('', { signal: AbortSignal.timeout(100) })).rejects.toThrow()
    await eventually(() => expect(gone).toHaveBeenCalled())
    await eventually(async () => expect(await counted(499)).toBe(1))
  })

  it('may answer before it has heard everything', async () => {
    await serveFn((_incoming, outgoing) => outgoing.writeHead(413).end('too much'))
    await open()
    const asking = request(url(), { method: 'POST', headers: { 'Content-Length': 50_000_000 } })
    asking.on('error', () => {})
    asking.write(Buffer.alloc(100_000))
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    expect([answer.statusCode, await textOf(answer)]).toEqual([413, 'too much'])
    asking.destroy()
    await serveFn((incoming, outgoing) => incoming.resume().on('end', () => outgoing.end('next')))
    origins.shift()
    expect(await (await ask('', { method: 'POST', body: 'x' })).text()).toBe('next')
  })

  it('that says more than it was asked gets nobody else’s request on that connection', async () => {
    let connections = 0
    await serveRaw((socket) => {
      const own = ++connections
      socket.on('data', () => {
        const answer = `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${own}`
        socket.write(`${answer}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged`)
      })
    })
    await open()
    for (const expected of ['1', '2', '3']) expect(await (await ask()).text()).toBe(expected)
  })
})

describe('a connection that was closed for being idle while a request was on its way', () => {
  /** Answers once on each connection, and hangs up on the second request. */
  const forgetful = () => {
    const heard: string[] = []
    return serveRaw((socket) => {
      let requests = 0
      let text = ''
      socket.on('data', (piece) => {
        if (++requests > 1 && text === '') {
          socket.resetAndDestroy()
          return
        }
        text += piece.toString()
        const [head = '', body = ''] = text.split('\r\n\r\n')
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
        if (!text.includes('\r\n\r\n') || body.length < length) return
        heard.push(body)
        text = ''
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      })
    }).then(() => heard)
  }
  const put = (body: string) => ask('', { method: 'PUT', body })

  it('is replaced by another one', async () => {
    const heard = await forgetful()
    await open()
    for (const body of ['one', 'two', 'three']) expect(await (await put(body)).text()).toBe(body)
    expect(heard).toEqual(['one', 'two', 'three'])
  })

  it('is not, where the body has not been kept', async () => {
    await forgetful()
    await open()
    expect(await (await put('one')).text()).toBe('one')
    expect((await put('x'.repeat(200_000))).status).toBe(502)
  })

  it('is not mistaken for a function that crashes on each request', async () => {
    let requests = 0
    await serveRaw((socket) =>
      socket.on('data', () => {
        if (++requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
        else socket.destroy()
      })
    )
    await open()
    expect((await ask()).status).toBe(200)
    expect((await ask()).status).toBe(502)
    expect(requests).toBe(3)
  })
})

describe('each side goes as fast as the other one', () => {
  const LIMIT = 60_000_000
  const PIECE = Buffer.alloc(1_000_000)

  /** What is sent once nothing more has been sent for a while, bytes. */
  async function atRest(sent: () => number): Promise<number> {
    for (let before = -1; before < sent() || before <= 0; ) {
      before = sent()
      await sleep(300)
    }
    return sent()
  }

  it('a caller that sends faster than the function reads', async () => {
    await serveRaw((socket) => socket.pause())
    await open()
    const asking = request(url(), { method: 'POST', headers: { 'Content-Length': 500_000_000 } })
    asking.on('error', () => {})
    let sent = 0
    const more = () => {
      for (let takes = true; takes && sent < LIMIT; sent += PIECE.length) takes = asking.write(PIECE)
    }
    asking.on('drain', more)
    more()
    expect(await atRest(() => sent)).toBeLessThan(LIMIT)
    asking.destroy()
  })

  it('a function that answers faster than the caller reads', async () => {
    let sent = 0
    await serveFn((_incoming, outgoing) => {
      const more = () => {
        for (let takes = true; takes && sent < LIMIT; sent += PIECE.length) takes = outgoing.write(PIECE)
      }
      outgoing.on('drain', more)
      more()
    })
    await open()
    const { port, host } = new URL(server.url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.pause()
    socket.write(`GET /function/fn HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    expect(await atRest(() => sent)).toBeLessThan(LIMIT)
    socket.destroy()
  })

  it('and waits for a slow caller once, however many pieces come meanwhile', async () => {
    const pieces = '400\r\n'.concat('x'.repeat(1024), '\r\n').repeat(200)
    await serveRaw((socket) =>
      socket.once('data', () =>
        socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${pieces}0\r\n\r\n`)
      )
    )
    await open()
    let most = 0
    const watched = await serveHttp({
      fetch: gateway.fetch,
      intercept(incoming, outgoing, next) {
        outgoing.on('newListener', (event) => {
          if (event === 'drain') most = Math.max(most, outgoing.listenerCount('drain') + 1)
        })
        gateway.intercept(incoming, outgoing, next)
      },
      host: '127.0.0.1',
      port: 0,
      name: 'the gateway',
    })
    closing.push(watched.close)
    expect(await (await fetch(`${watched.url}/function/fn`)).text()).toBe('x'.repeat(1024 * 200))
    expect(most).toBe(1)
  })

  it('and callers that do not get on hold nobody else up', async () => {
    await serveFn((incoming, outgoing) => incoming.resume().on('end', () => outgoing.end('done')))
    await open()
    const { port, host } = new URL(server.url)
    const slow = Array.from({ length: 200 }, (_, i) => {
      const socket = connect(Number(port), '127.0.0.1').on('error', () => {})
      const body = i % 2 === 0 ? '' : `Host: ${host}\r\nContent-Length: 1000\r\n\r\nx`
      socket.write(`POST /function/fn HTTP/1.1\r\n${body}`)
      return socket
    })
    await Promise.all(slow.map((socket) => once(socket, 'connect')))
    expect(await (await ask('', { method: 'POST', body: 'x' })).text()).toBe('done')
    // They are still at it.
    expect(slow.filter(({ destroyed }) => destroyed)).toEqual([])
    for (const socket of slow) socket.destroy()
  })
})
