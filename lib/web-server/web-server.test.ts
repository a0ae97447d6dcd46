import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { serveHttp, type WebServer } from './index.ts'

const start = (fetch: () => Response | Promise<Response>, port = 0): Promise<WebServer> =>
  serveHttp({ fetch, host: '127.0.0.1', port, name: 'the gateway' })

it('says who cannot listen, where, and what to do', async () => {
  const first = await start(() => new Response())
  await expect(start(() => new Response(), first.port)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'the gateway cannot listen: the port is in use',
    where: `127.0.0.1:${first.port}`,
  })
  await first.close()
})

it('closes although a connection is open that never asks anything', async () => {
  const server = await start(() => new Response())
  const socket = connect(server.port, '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.on('error', () => {})
  await server.close()
  socket.destroy()
})

it('lets a running request end, and breaks off one that does not', async () => {
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const patient = await start(async () => {
    await finished
    return new Response('done')
  })
  const answer = fetch(patient.url)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const closing = patient.close()
  finish()
  expect(await (await answer).text()).toBe('done')
  await closing

  const endless = await start(() => new Promise(() => {}))
  const never = fetch(endless.url)
  await new Promise((resolve) => setTimeout(resolve, 50))
  await Promise.all([expect(never).rejects.toThrow(), endless.close()])
})

it('lets requests end for as long as it was told, and takes no new ones meanwhile', async () => {
  const answers: ((response: Response) => void)[] = []
  const server = await serveHttp({
    fetch: () => new Promise((resolve) => answers.push(resolve)),
    host: '127.0.0.1',
    port: 0,
    name: 'the gateway',
    graceMs: 60_000,
    onUpgrade: () => true,
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = async () => {
    const [answer] = (await once(get(server.url, { agent }), 'response')) as [IncomingMessage]
    return [answer.statusCode, answer.headers.connection, await text(answer)]
  }
  const silent = connect(server.port, '127.0.0.1')
  const upgraded = connect(server.port, '127.0.0.1')
  upgraded.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: mine\r\n\r\n')
  const lettingGo = [silent, upgraded].map((socket) => once(socket.resume(), 'close'))
  const first = fetch(server.url)
  const second = ask()
  await vi.waitFor(() => expect(answers).toHaveLength(2))
  const closing = server.close()
  await expect(fetch(server.url)).rejects.toThrow()
  // Longer than what runs is let end where nobody has said how long.
  await sleep(1500)
  const next = ask()
  answers[1]!(new Response('second'))
  expect((await second)[2]).toBe('second')
  const late = await next.catch(() => 'refused')
  expect(late === 'refused' || (late as unknown[])[0] === 503).toBe(true)
  answers[0]!(new Response('first'))
  expect(await (await first).text()).toBe('first')
  await Promise.all([closing, ...lettingGo])
  expect(answers).toHaveLength(2)
})

it('says on a kept connection that it is stopping', async () => {
  const server = await serveHttp({
    fetch: () => new Promise(() => {}),
    host: '127.0.0.1',
    port: 0,
    name: 'the gateway',
    graceMs: 300,
  })
  const running = connect(server.port, '127.0.0.1').on('error', () => {})
  running.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const late = connect(server.port, '127.0.0.1')
  late.write('GET / HTTP/1.1\r\n')
  await sleep(100)
  const closing = server.close()
  late.write('Host: a\r\n\r\n')
  expect(await text(late)).toMatch(/^HTTP\/1.1 503 .*Connection: close.*the gateway is stopping/s)
  await closing
})
