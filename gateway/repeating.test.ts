import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveHttp } from '../lib/web-server/index.ts'
import {
  type CountingFunction,
  dyingFunction,
  forgetfulFunction,
  refusingOrigin,
} from './counting-function.fixture.ts'
import { createInvocations } from './invocations/index.ts'
import type { Provider } from './provider.ts'
import { createPortReach } from './providers/edge/port-reach.ts'
import { askPods } from './providers/kubernetes/ask-pods.ts'
import { createAgent } from './providers/sending/index.ts'

interface Answer {
  status: number
  hint?: string
}
type Ask = (init: RequestInit) => Promise<Answer>

let closing: (() => unknown)[]
/** Happens right before the request is sent. */
let onTheWay: () => void

beforeEach(() => {
  closing = []
  onTheWay = () => {}
})
afterEach(async () => {
  for (const close of closing.reverse()) await close()
})

const opened = (fn: CountingFunction) => {
  closing.push(fn.close)
  return fn
}

async function overTheGateway(origins: string[]): Promise<Ask> {
  const provider = {
    get: async () => STATUS,
    async origin(_name: string, _namespace?: string, avoid?: ReadonlySet<string>) {
      onTheWay()
      return origins.find((origin) => !avoid?.has(origin))
    },
  } as unknown as Provider
  const { fetch: answer, intercept, close } = createInvocations(provider)
  const server = await serveHttp({
    fetch: answer,
    intercept,
    host: '127.0.0.1',
    port: 0,
    name: 'the gateway',
  })
  closing.push(close, server.close)
  return async (init) => {
    const response = await fetch(`${server.url}/function/fn`, init)
    const text = await response.text()
    return { status: response.status, ...(response.ok ? {} : JSON.parse(text)) }
  }
}

async function atPods(origins: string[]): Promise<Ask> {
  const agent = createAgent()
  closing.push(() => agent.destroy())
  const pods = {
    name: 'fn',
    agent,
    async originOf(avoid: ReadonlySet<string>) {
      onTheWay()
      return origins.find((origin) => !avoid.has(origin))!
    },
  }
  return (init) => told(askPods(pods, new Request('http://fn/', init)))
}

async function atAPort(origins: string[]): Promise<Ask> {
  const reach = createPortReach({ holdMs: 300 })
  closing.push(reach.close)
  const port = Number(new URL(origins.at(-1)!).port)
  return (init) => {
    onTheWay()
    return told(reach.invoke({ ...STATUS, port }, new Request('http://fn/', init)))
  }
}

async function told(answering: Promise<Response>): Promise<Answer> {
  try {
    const response = await answering
    await response.text()
    return { status: response.status }
  } catch (thrown) {
    const { status, hint } = thrown as Answer
    return { status, hint }
  }
}

const STATUS = {
  name: 'fn',
  image: 'fn:1',
  replicas: 1,
  availableReplicas: 1,
  invocationCount: 0,
  createdAt: new Date(0).toISOString(),
}

describe.each([
  ['directly', overTheGateway],
  ['at a pod', atPods],
  ['at a port', atAPort],
])('a request, sent %s,', (_way, open) => {
  it.each<[string, RequestInit]>([
    ['POST', { method: 'POST', body: 'x' }],
    ['POST without a body', { method: 'POST' }],
    ['PATCH', { method: 'PATCH', body: 'x' }],
  ])('over which a used connection breaks is not repeated: %s', async (_name, init) => {
    const fn = opened(await dyingFunction())
    const ask = await open([fn.origin])
    expect(await ask({ method: 'GET' })).toEqual({ status: 200 })
    expect(await ask(init)).toMatchObject({
      status: 502,
      hint: expect.stringContaining('it may have been carried out'),
    })
    expect(fn.carriedOut).toHaveLength(2)
  })

  it.each<[string, RequestInit]>([
    ['GET', { method: 'GET' }],
    ['PUT', { method: 'PUT', body: 'x' }],
    ['an event', { method: 'POST', body: 'x', headers: { 'ce-id': '1' } }],
    ['one with a key', { method: 'POST', body: 'x', headers: { 'Idempotency-Key': '1' } }],
  ])('is repeated where that does no harm: %s', async (_name, init) => {
    const fn = opened(await dyingFunction())
    const ask = await open([fn.origin])
    expect(await ask({ method: 'GET' })).toEqual({ status: 200 })
    expect(await ask(init)).toEqual({ status: 200 })
    const body = init.body ?? ''
    expect(fn.carriedOut).toEqual(['', body, body])
  })

  it('is not lost where connections are closed for being idle', async () => {
    const fn = opened(await forgetfulFunction())
    const ask = await open([fn.origin])
    for (let i = 0; i < 5; i++) {
      expect(await ask({ method: 'POST', body: String(i) })).toEqual({ status: 200 })
      // So late that nobody has heard of it when the next request comes.
      onTheWay = fn.hangUp
    }
    expect(fn.carriedOut).toEqual(['0', '1', '2', '3', '4'])
  })

  it('uses a connection again', async () => {
    const fn = opened(await forgetfulFunction())
    const ask = await open([fn.origin])
    for (let i = 0; i < 5; i++) expect(await ask({ method: 'POST', body: 'x' })).toEqual({ status: 200 })
    expect(fn.connections()).toBe(1)
  })
})

it.each([
  ['directly', overTheGateway],
  ['at a pod', atPods],
])('what one place has not taken is sent to another: %s', async (_way, open) => {
  const fn = opened(await forgetfulFunction())
  const ask = await open([await refusingOrigin(), fn.origin])
  expect(await ask({ method: 'POST', body: 'x' })).toEqual({ status: 200 })
  expect(fn.carriedOut).toEqual(['x'])
})
