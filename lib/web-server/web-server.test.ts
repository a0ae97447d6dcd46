import { connect } from 'node:net'
import { expect, it } from 'vitest'
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
