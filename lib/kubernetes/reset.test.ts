import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { KubeConfig } from '@kubernetes/client-node'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createKubernetesClient, type KubernetesClient } from './index.ts'

/** What an API server does with each request, on one connection after the other. */
let answer: (socket: Socket, request: string) => void
let requests: string[]
let client: KubernetesClient
let close: () => void

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'

beforeEach(async () => {
  requests = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      const request = bytes.toString().split(' HTTP/')[0]!
      requests.push(request)
      answer(socket, request)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const config = new KubeConfig()
  const { port } = server.address() as AddressInfo
  const cluster = { name: 'here', server: `http://127.0.0.1:${port}`, skipTLSVerify: true }
  config.loadFromClusterAndUser(cluster, { name: 'me' })
  client = createKubernetesClient(config)
  close = () => {
    client.close()
    server.close()
    for (const socket of sockets) socket.destroy()
  }
})
afterEach(() => close())

/** Opens a connection that the next request uses again. */
async function connected(): Promise<void> {
  answer = (socket) => socket.write(OK)
  await client.get('/first')
}

it('a connection that is reset in the middle of an answer ends that answer, and nothing is asked again', async () => {
  await connected()
  let connection: Socket | undefined
  answer = (socket) => {
    connection = socket
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n')
  }
  const watch = await client.stream('/watch', {}, new AbortController().signal)
  watch.resume()
  const failed = once(watch, 'error')
  connection!.resetAndDestroy()
  expect(((await failed) as [NodeJS.ErrnoException])[0].code).toBe('ECONNRESET')
  expect(requests).toEqual(['GET /first', 'GET /watch'])
})

it.each([
  ['GET', (path: string) => client.get(path), 2],
  ['DELETE', (path: string) => client.remove(path), 2],
  ['POST', (path: string) => client.create(path, {}), 1],
  ['PATCH', (path: string) => client.merge(path, {}), 1],
])('%s over a connection that was closed meanwhile', async (method, ask, times) => {
  await connected()
  let first = true
  answer = (socket) => {
    if (first) socket.resetAndDestroy()
    else socket.write(OK)
    first = false
  }
  const outcome = await ask('/second').catch((error: unknown) => error)
  expect(requests.filter((request) => request === `${method} /second`)).toHaveLength(times)
  if (times === 1) expect(outcome).toMatchObject({ code: 'UNAVAILABLE' })
  else expect(outcome).not.toBeInstanceOf(Error)
})
