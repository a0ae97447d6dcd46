import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Connection, type ConnectionPool, createConnectionPool, type Wanted } from './index.ts'

let pool: ConnectionPool
let origin: string
let closing: (() => unknown)[]

beforeEach(async () => {
  // A connection's age is what the clock says; timers and sockets are real.
  vi.useFakeTimers({ toFake: ['performance'] })
  pool = createConnectionPool()
  const server = createServer((incoming, outgoing) => {
    incoming.resume().on('end', () => outgoing.end('done'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  closing = [() => server.close(), () => server.closeAllConnections(), pool.close]
})
afterEach(() => {
  for (const close of closing.reverse()) close()
  vi.useRealTimers()
})

/** One request, after which the connection is idle. */
async function use(wanted: Wanted): Promise<Connection> {
  const connection = await pool.take(origin, wanted)
  await new Promise<void>((resolve, reject) => {
    const reader = { onHead() {}, onData() {}, onEnd: () => resolve(), onBroken: reject, onDrain() {} }
    connection.ask('GET', reader)
    connection.socket.write('GET / HTTP/1.1\r\nHost: fn\r\n\r\n')
  })
  pool.give(origin, connection)
  return connection
}

it('gives a connection that was idle for long only to those who can ask again', async () => {
  const first = await use('any')
  vi.advanceTimersByTime(900)
  expect(await use('sure')).toBe(first)
  vi.advanceTimersByTime(1100)
  const second = await use('sure')
  expect(second).not.toBe(first)
  expect(first.socket.destroyed).toBe(false)
  vi.advanceTimersByTime(1100)
  expect(await use('any')).toBe(second)
  expect(await use('new')).not.toBe(second)
})

it('gives nobody a connection that the other side is about to close', async () => {
  const first = await use('any')
  vi.advanceTimersByTime(4100)
  expect(await use('any')).not.toBe(first)
})
