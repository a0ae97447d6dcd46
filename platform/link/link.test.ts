import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createLink, type Link } from './index.ts'

let server: Server
let link: Link
/** What happens to a connection at the far end. */
let serve: (socket: Socket) => void
const sockets: Socket[] = []

beforeEach(async () => {
  serve = (socket) => socket.pipe(socket)
  server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket.on('error', () => {}))
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  link = await createLink((server.address() as AddressInfo).port)
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await link.close()
  server.close()
})

function open(): Socket {
  const socket = connect(link.port, '127.0.0.1').on('error', () => {})
  sockets.push(socket)
  return socket
}

const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))

async function says(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  return String((await once(socket, 'data'))[0])
}

it('carries bytes both ways', async () => {
  expect(await says(open(), 'hello')).toBe('hello')
})

it('delivers all that was sent before an end that closes, also to one who reads slowly', async () => {
  const sent = Buffer.alloc(8_000_000, 'x')
  serve = (socket) => socket.end(sent)
  const socket = open()
  socket.pause()
  await sleep(300)
  expect((await buffer(socket)).length).toBe(sent.length)
})

it('when cut ends what is open and refuses what comes, until it heals', async () => {
  const before = open()
  expect(await says(before, 'a')).toBe('a')
  const ended = closed(before)
  link.cut()
  await ended
  const during = open()
  await closed(during)
  link.heal()
  expect(await says(open(), 'b')).toBe('b')
})

it('ends the near end when there is nobody at the far end', async () => {
  const nowhere = await createLink(1)
  const socket = connect(nowhere.port, '127.0.0.1').on('error', () => {})
  await closed(socket)
  await nowhere.close()
})

it('closes although connections are open', async () => {
  const socket = open()
  await says(socket, 'a')
  const ended = closed(socket)
  await link.close()
  await ended
  link = await createLink((server.address() as AddressInfo).port)
})
