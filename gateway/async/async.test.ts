import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { serve } from '../../test/support/index.ts'
import { type LocalGateway, openLocalGateway } from '../local-gateway.fixture.ts'
import { type Recorded, recorded } from './recording.fixture.ts'

const handler = fileURLToPath(new URL('recording.fixture.ts', import.meta.url))
const VOLUME = 1_000_000

let gateway: LocalGateway
/** Whoever is called back, and what it answers. */
let caller: Awaited<ReturnType<typeof serve>>
let heard: { headers: Headers; body: string }[]
let callerAnswers: number[]

beforeAll(async () => {
  const handlers = new Map(['quick', 'stubborn', 'protected'].map((name) => [name, handler]))
  gateway = await openLocalGateway({ handlers }, { volumeBytes: VOLUME, maxBodyBytes: VOLUME / 2 })
  const retry = { 'com.openfaas.retry.min_wait': '20ms', 'com.openfaas.retry.max_wait': '40ms' }
  const deploy = (service: string, annotations: Record<string, string>) =>
    gateway.provider.deploy({ service, image: 'x', annotations: { ...retry, ...annotations } })
  await deploy('quick', {})
  await deploy('stubborn', {
    'com.openfaas.retry.attempts': '3',
    'com.openfaas.retry.codes': '500,418',
  })
  await deploy('protected', { 'edgeloop.dev/auth': 'gateway' })
  caller = await serve(async (request) => {
    heard.push({ headers: request.headers, body: await request.text() })
    return new Response('', { status: callerAnswers.shift() ?? 200 })
  })
})
afterAll(async () => {
  await gateway.close()
  await caller.close()
})
beforeEach(() => {
  recorded.length = 0
  heard = []
  callerAnswers = []
})

/** Calls are on disk before they go on, which takes its time where others write, too. */
const eventually = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 20_000 })

const post = (target: string, init: RequestInit = {}) =>
  fetch(`${gateway.url}/async-function/${target}`, { method: 'POST', ...init })
const authorization = () => {
  const { user, password } = gateway.credentials
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}
const system = async (path: string, method = 'GET') => {
  const response = await fetch(`${gateway.url}/system/async${path}`, {
    method,
    headers: { authorization: authorization() },
  })
  return { status: response.status, body: response.status === 200 ? await response.json() : undefined }
}
const of = (callId: string): Recorded[] => recorded.filter((one) => one.callId === callId)
const idOf = (response: Response) => response.headers.get('x-call-id')!
const settled = () =>
  eventually(async () => {
    const { body } = await system('')
    for (const { queued, callbacks } of body.functions) expect([queued, callbacks]).toEqual([0, 0])
    return body
  })

it('are taken with 202, and reach the function as they were sent', async () => {
  const body = Buffer.alloc(200_000, 'photo')
  const headers = { 'Content-Type': 'image/jpeg', 'X-Anything': 'else', 'X-Call-Id': 'my-own' }
  const response = await post('quick/a%2Fb//c?x=%2F&y=', { body, headers })
  expect([response.status, idOf(response), await response.text()]).toEqual([202, 'my-own', ''])
  await eventually(() => expect(recorded).toHaveLength(1))
  expect(recorded[0]).toMatchObject({ callId: 'my-own', method: 'POST', target: '/a%2Fb//c?x=%2F&y=' })
  expect(recorded[0]!.headers).toMatchObject({ 'content-type': 'image/jpeg', 'x-anything': 'else' })
  expect(recorded[0]!.headers['x-start-time']).toMatch(/^\d{19}$/)
  expect(recorded[0]!.body.equals(body)).toBe(true)
  expect((await settled()).bytes).toBe(0)
})

it('get an id where the caller names none, and need no body', async () => {
  const response = await post('quick')
  expect(idOf(response)).toMatch(/^[0-9a-f-]{36}$/)
  await eventually(() => expect(of(idOf(response))).toHaveLength(1))
})

it('answer whoever asked to be called back', async () => {
  const response = await post('quick/201', {
    body: 'hello',
    headers: { 'X-Callback-Url': `${caller.url}/done` },
  })
  await eventually(() => expect(heard).toHaveLength(1))
  const { headers, body } = heard[0]!
  expect(body).toBe('heard 5 bytes')
  expect(Object.fromEntries(headers)).toMatchObject({
    'x-call-id': idOf(response),
    'x-function-name': 'quick',
    'x-function-status': '201',
    'x-answer': 'yes',
    'x-start-time': expect.stringMatching(/^\d{19}$/),
    'x-duration-seconds': expect.stringMatching(/^\d+\.\d{6}$/),
    'content-length': '13',
  })
  expect(of(idOf(response))[0]!.headers).not.toHaveProperty('x-callback-url')
  // An answer takes room until the disk has forgotten it, which comes after the callback.
  await eventually(async () => expect((await settled()).bytes).toBe(0))
})

it('are made again as the annotations say, waiting longer each time', async () => {
  const response = await post('stubborn/500,418,200')
  await eventually(() => expect(of(idOf(response))).toHaveLength(3))
  const [first, second, third] = of(idOf(response)).map(({ at }) => at)
  expect(second! - first!).toBeGreaterThanOrEqual(19)
  expect(third! - second!).toBeGreaterThanOrEqual(39)
  await settled()
})

it('become dead letters when the attempts are used up, which are shown, replayed and forgotten', async () => {
  const headers = { 'X-Callback-Url': caller.url }
  const id = idOf(await post('stubborn/500,500,500,200', { body: 'x', headers }))
  await eventually(() => expect(heard).toHaveLength(1))
  expect(heard[0]!.headers.get('x-function-status')).toBe('500')
  await settled()
  const { body: letters } = await system('/dead-letters?function=stubborn.openfaas-fn')
  expect(letters).toMatchObject([{ kind: 'call', callId: id, attempts: 3, bytes: 1, why: 'it answered 500' }])
  const { sequence } = letters[0]
  expect((await system(`/dead-letters/call/stubborn.openfaas-fn/${sequence}/replay`, 'POST')).status).toBe(
    202
  )
  await eventually(() => expect(of(id)).toHaveLength(4))
  await eventually(() => expect(heard).toHaveLength(2))
  expect(heard[1]!.headers.get('x-function-status')).toBe('200')

  const other = idOf(await post('stubborn/503', { body: 'y' }))
  await settled()
  // 503 is not among the codes that it names.
  expect(of(other)).toHaveLength(1)
  const [letter] = (await system('/dead-letters?function=stubborn.openfaas-fn')).body
  expect(letter).toMatchObject({ callId: other, attempts: 1, why: '503: heard 1 bytes' })
  const path = `/dead-letters/call/stubborn.openfaas-fn/${letter.sequence}`
  expect((await system(path, 'DELETE')).status).toBe(202)
  expect((await system(path, 'DELETE')).status).toBe(404)
  expect((await system('')).body.bytes).toBe(0)
})

it('wait for a function that is full, which is no failure', async () => {
  const id = idOf(await post('stubborn/429,429,429,429,200'))
  await eventually(() => expect(of(id)).toHaveLength(5))
  await settled()
}, 20_000)

it('send the answer again when nobody took it, without asking the function again', async () => {
  callerAnswers = [500, 503]
  const id = idOf(await post('quick', { headers: { 'X-Callback-Url': caller.url } }))
  await eventually(() => expect(heard).toHaveLength(3))
  expect(of(id)).toHaveLength(1)
  callerAnswers = [410]
  await post('quick', { headers: { 'X-Callback-Url': caller.url } })
  await settled()
  const { body } = await system('/dead-letters?function=quick.openfaas-fn&kind=callback')
  expect(body).toMatchObject([{ kind: 'callback', why: expect.stringContaining('answered 410') }])
  const path = `/dead-letters/callback/quick.openfaas-fn/${body[0].sequence}`
  expect((await system(path, 'DELETE')).status).toBe(202)
})

it('are taken once where the caller says which one it is', async () => {
  const headers = { 'Idempotency-Key': 'this-one' }
  const first = await post('quick', { body: 'x', headers })
  const again = await post('quick', { body: 'x', headers })
  expect([first.status, again.status]).toEqual([202, 202])
  const other = await post('quick', { body: 'x', headers: { 'Idempotency-Key': 'another' } })
  await eventually(() => expect(of(idOf(other))).toHaveLength(1))
  expect((await settled()).bytes).toBe(0)
  expect([of(idOf(first)).length, of(idOf(again)).length]).toEqual([1, 0])
})

it('ask for credentials where the function does, and keep them to themselves', async () => {
  expect((await post('protected')).status).toBe(401)
  const response = await post('protected', { headers: { authorization: authorization() } })
  expect(response.status).toBe(202)
  await eventually(() => expect(of(idOf(response))).toHaveLength(1))
  expect(of(idOf(response))[0]!.headers).not.toHaveProperty('authorization')
})

it('are refused when there is no such function, the body is too large, or the queue is full', async () => {
  expect(await (await post('nobody')).json()).toMatchObject({ code: 'NOT_FOUND' })
  expect((await post('Nobody!')).status).toBe(404)
  const tooLarge = await post('quick', { body: Buffer.alloc(VOLUME / 2 + 1) })
  expect([tooLarge.status, await tooLarge.json()]).toMatchObject([413, { code: 'TOO_LARGE' }])
  const callBack = await post('quick', { headers: { 'X-Callback-Url': 'ftp://x' } })
  expect(await callBack.json()).toMatchObject({ code: 'INVALID_INPUT', where: 'X-Callback-Url' })

  // Dead letters take room, too.
  const half = Buffer.alloc(VOLUME / 2 - 1)
  for (let i = 0; i < 2; i++) await post('stubborn/404', { body: half })
  await settled()
  const full = await post('quick', { body: 'four' })
  expect([full.status, full.headers.get('retry-after')]).toEqual([429, '1'])
  expect((await full.json()).hint).toContain('dead letters')
  const { body: letters } = await system('/dead-letters?function=stubborn.openfaas-fn')
  expect(letters).toHaveLength(2)
  for (const { sequence } of letters)
    await system(`/dead-letters/call/stubborn.openfaas-fn/${sequence}`, 'DELETE')
  expect((await post('quick', { body: 'four' })).status).toBe(202)
  expect((await settled()).bytes).toBe(0)
})

it('whose caller goes in the middle are not taken, and leave nothing', async () => {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
  const leaving = new AbortController()
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(1000)),
  })
  const init = { body, signal: leaving.signal, duplex: 'half' } as RequestInit
  const sending = post('quick', init).catch(() => 'gone')
  await eventually(async () => expect((await system('')).body.bytes).toBeGreaterThan(0))
  leaving.abort()
  expect(await sending).toBe('gone')
  await eventually(async () => expect((await system('')).body.bytes).toBe(0))
  expect(recorded).toEqual([])
  expect(complaints).not.toHaveBeenCalled()
  complaints.mockRestore()
})

it('are counted', async () => {
  await post('stubborn/404', { body: 'x' })
  await settled()
  const text = await (await fetch(`${gateway.url}/metrics`)).text()
  expect(text).toContain('gateway_async_dead_letters{function_name="stubborn.openfaas-fn"} 1')
  expect(text).toContain('gateway_async_queued{function_name="stubborn.openfaas-fn"} 0')
  expect(text).toContain('gateway_async_bytes 1')
})
