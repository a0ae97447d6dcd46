import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { serveHttp, type WebServer } from './index.ts'

let server: WebServer

beforeEach(async () => {
  server = await serveHttp({
    async fetch(request) {
      const { pathname } = new URL(request.url)
      const text = await request.text()
      return new Response(`${request.method} ${pathname} ${request.headers.get('x')} ${text};`)
    },
    onUpgrade(request, socket) {
      if (request.headers.upgrade !== 'mine') return false
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: mine\r\n\r\nhello')
      return true
    },
    host: '127.0.0.1',
    port: 0,
    name: 'the gateway',
  })
})
afterEach(() => server.close())

/** Says so much, one piece after the other, and hears everything until the other side ends. */
async function talk(...pieces: string[]): Promise<string> {
  const socket = connect(server.port, '127.0.0.1')
  const closed = once(socket, 'close')
  let heard = ''
  socket.on('data', (bytes) => {
    heard += bytes
  })
  for (const piece of pieces) {
    socket.write(piece)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await closed
  return heard
}
const lines = (...all: string[]) => all.join('\r\n')
const bodiesIn = (heard: string) => heard.match(/(GET|POST) \/[^;]*(?=;)/g)

const UPGRADE = ['Host: a', 'Connection: Upgrade', 'Upgrade: websocket', 'X: 1']
const LAST = lines('GET /last HTTP/1.1', 'Host: a', 'Connection: close', '', '')

it.each<[string, string[]]>([
  ['with a body', [lines('POST /a HTTP/1.1', ...UPGRADE, 'Content-Length: 4', '', 'body')]],
  ['whose body comes later', [lines('POST /a HTTP/1.1', ...UPGRADE, 'Content-Length: 4', '', 'bo'), 'dy']],
  [
    'in chunks',
    [lines('POST /a HTTP/1.1', ...UPGRADE, 'Transfer-Encoding: chunked', '', '4', 'body', '0', '', '')],
  ],
])('a request %s is answered although it asks for a protocol that nobody speaks', async (_name, pieces) => {
  const heard = await talk(...pieces, ...pieces, LAST)
  expect(bodiesIn(heard)).toEqual(['POST /a 1 body', 'POST /a 1 body', 'GET /last null '])
})

it('the request behind it is answered, too', async () => {
  const heard = await talk(lines('GET /a HTTP/1.1', ...UPGRADE, '', LAST))
  expect(bodiesIn(heard)).toEqual(['GET /a 1 ', 'GET /last null '])
})

it('one that is granted is out of the server’s hands', async () => {
  const heard = await talk(
    lines('GET /a HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: mine', '', '')
  )
  expect(heard).toMatch(/^HTTP\/1.1 101 .*hello$/s)
})

it('one that comes before its turn ends the connection', async () => {
  const slow = await serveHttp({
    fetch: () => new Promise(() => {}),
    onUpgrade: () => false,
    host: '127.0.0.1',
    port: 0,
    name: 'the gateway',
  })
  const socket = connect(slow.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(lines('GET /a HTTP/1.1', 'Host: a', '', '') + lines('GET /b HTTP/1.1', ...UPGRADE, '', ''))
  await once(socket, 'close')
  await slow.close()
})
