import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Connection, type ConnectionPool, createConnectionPool } from './index.ts'

let pool: ConnectionPool
let closing: (() => unknown)[]

beforeEach(() => {
  pool = createConnectionPool()
  closing = [pool.close]
})
afterEach(() => {
  for (const close of closing.reverse()) close()
})

/** A function that answers each request with these pieces, one after the other. */
async function functionThatSays(...pieces: string[]): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', async () => {
      for (const piece of pieces) {
        socket.write(piece)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(
    () => server.close(),
    () => {
      for (const socket of sockets) socket.destroy()
    }
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Heard {
  status: number
  body: string
  reusable: boolean
  connection: Connection
}

async function ask(origin: string, method = 'GET'): Promise<Heard> {
  const connection = await pool.take(origin, 'any')
  const heard: Heard = { status: 0, body: '', reusable: false, connection }
  return new Promise((resolve, reject) => {
    connection.ask(method, {
      onHead({ status }) {
        heard.status = status
      },
      onData(piece) {
        heard.body += piece
      },
      onEnd(reusable) {
        if (reusable) pool.give(origin, connection)
        resolve({ ...heard, reusable })
      },
      onBroken: reject,
      onDrain() {},
    })
    connection.socket.write(`${method} / HTTP/1.1\r\nHost: fn\r\n\r\n`)
  })
}

const FORGED = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged'

describe('an answer without a body', () => {
  const ANSWERS: [string, string, string, number][] = [
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
    ['204 with a length of 0', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', 204],
    ['304 with the length of what it stands for', 'GET', 'HTTP/1.1 304 -\r\nContent-Length: 6\r\n\r\n', 304],
    ['to HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n', 200],
    ['to HEAD, in chunks', 'HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 200],
  ]

  it.each(ANSWERS)('leaves the connection for the next request: %s', async (_name, method, text, status) => {
    const origin = await functionThatSays(text)
    const first = await ask(origin, method)
    expect(first).toMatchObject({ status, body: '', reusable: true })
    const second = await ask(origin, method)
    expect(second).toMatchObject({ status, body: '', reusable: true })
    expect(second.connection).toBe(first.connection)
  })

  it.each(ANSWERS)('makes it of no use with more behind it: %s', async (_name, method, text, status) => {
    const origin = await functionThatSays(text + FORGED)
    const first = await ask(origin, method)
    expect(first).toMatchObject({ status, body: '', reusable: false })
    expect(first.connection.socket.destroyed).toBe(true)
    expect(await ask(origin, method)).toMatchObject({ status, body: '' })
  })

  it.each(ANSWERS)('also when that comes later: %s', async (_name, method, text, status) => {
    const origin = await functionThatSays(text, FORGED)
    const first = await ask(origin, method)
    await vi.waitFor(() => expect(first.connection.socket.destroyed).toBe(true))
    const second = await ask(origin, method)
    expect(second).toMatchObject({ status, body: '' })
    expect(second.connection).not.toBe(first.connection)
  })

  it.each(['Content-Length: 6', 'Transfer-Encoding: chunked'])(
    'that is 204 and announces one, with %s, is the last on its connection',
    async (line) => {
      const origin = await functionThatSays(`HTTP/1.1 204 No Content\r\n${line}\r\n\r\n`)
      expect(await ask(origin)).toMatchObject({ status: 204, reusable: false })
    }
  )
})

describe('an answer that goes on and on is given up', () => {
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
  it.each([
    ['in its header', [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}`, 'x'.repeat(40_000)]],
    ['before it begins', Array(20).fill('HTTP/1.1 102 Processing\r\n\r\n')],
    ['behind its last chunk', [`${head}0\r\n`, ...Array(20).fill(`X: ${'x'.repeat(1000)}\r\n`)]],
    ['in the size of a chunk', [`${head}1;`, 'x'.repeat(2000)]],
  ])('%s', async (_name, pieces) => {
    await expect(ask(await functionThatSays(...pieces))).rejects.toMatchObject({
      name: 'EdgeloopError',
      code: 'BAD_GATEWAY',
    })
  })

  it('interim answers, within bounds, come before the one that counts', async () => {
    const interim = 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'
    const origin = await functionThatSays(interim, interim, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    expect(await ask(origin)).toMatchObject({ status: 200, body: 'ok', reusable: true })
    expect(await ask(origin)).toMatchObject({ status: 200, body: 'ok', reusable: true })
  })
})
