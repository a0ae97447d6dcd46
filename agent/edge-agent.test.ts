import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import mqtt, { type MqttClient } from 'mqtt'
import mqttPacket from 'mqtt-packet'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  createEdgeProvider,
  createGateway,
  createLocalProvider,
  createRelayDoor,
  createRelays,
  localReach,
  type Provider,
  type Relays,
  readProfiles,
} from '../gateway/index.ts'
import { peopleAnswers, sampleStore } from '../lib/dataset/index.ts'
import type { Heartbeat } from '../lib/edge-status/index.ts'
import { modelSelections } from '../lib/model-selection/index.ts'
import { photoHash } from '../lib/photo/index.ts'
import { createObjectStore, type ObjectStore } from '../lib/s3/index.ts'
import type { Deployment } from '../lib/stack/index.ts'
import { serveHttp, type WebServer } from '../lib/web-server/index.ts'
import { createLink, type Link } from '../platform/link/index.ts'
import { createS3Server, type S3Server } from '../platform/s3/index.ts'
import { createBroker, type EmbeddedBroker } from './broker/index.ts'
import { photoOf } from './classify.fixture.ts'
import { createEdgeAgent, type EdgeAgent } from './edge-agent.ts'
import type { DiskLimits } from './photo-store/index.ts'

vi.setConfig({ testTimeout: 90_000 })

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' }

const handlers = new Map([
  ['classify', here('classify.fixture.ts')],
  ['filter-confidence', here('../functions/filter-confidence/handler.ts')],
  ['upload-sample', here('../functions/upload-sample/handler.ts')],
])
const fn = (service: string, topic: string, more: Record<string, string> = {}): Deployment => ({
  service,
  image: 'test',
  annotations: { topic, 'com.openfaas.profile': 'edge', ...more },
})
const FUNCTIONS = [
  fn('classify', 'events/photo.captured', { 'edgeloop.dev/max-inflight': '4' }),
  fn('filter-confidence', 'events/photo.classified', { 'edgeloop.dev/context': 'neighbours' }),
  fn('upload-sample', 'events/sample.accepted, events/sample.review, events/sample.labelled', {
    'edgeloop.dev/context': 'uplink',
    'edgeloop.dev/max-inflight': '4',
  }),
]

const EDGE = { name: 'edge-1', labels: { 'node-role.kubernetes.io/edge': '' } }

let directory: string
let s3: S3Server
/** What the test itself looks into S3 with. */
let bucket: ObjectStore
let cloudProvider: Provider
let cloudGateway: WebServer
let relays: Relays
let cloudBroker: EmbeddedBroker
let links: Record<'gateway' | 'broker' | 's3', Link>
const agents: EdgeAgent[] = []
const clients: MqttClient[] = []
/** Whatever is complained about, in a test that does not expect it, is a failure. */
let complaints: ReturnType<typeof vi.spyOn>

async function startEdge(
  more: {
    place?: string
    http?: number
    mqtt?: number
    token?: string
    disk?: DiskLimits
    signal?: AbortSignal
  } = {}
): Promise<EdgeAgent> {
  const url = `http://127.0.0.1:${links.s3.port}`
  const gateway = `http://127.0.0.1:${links.gateway.port}`
  const place = path.join(directory, more.place ?? 'edge')
  const secrets = {
    S3_ACCESS_KEY_ID: credentials.accessKeyId,
    S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  }
  const agent = await createEdgeAgent({
    edge: 'edge-1',
    directory: place,
    provider: createEdgeProvider({
      edge: 'edge-1',
      gateway,
      directory: place,
      pollMs: 50,
      reach: localReach(
        await createLocalProvider({
          node: EDGE,
          directory: place,
          profiles: await readProfiles(here('../edge-profiles')),
          handlers,
          environment: { S3_ENDPOINT: url, S3_BUCKET: 'test', DATASET: 'photos', ...secrets },
        })
      ),
    }),
    modelCache: path.join(place, 'models'),
    models: modelSelections.parse('photos'),
    dataset: 'photos',
    store: createObjectStore({ endpoint: url, bucket: 'test', ...credentials }),
    cloud: { gateway, broker: `mqtt://127.0.0.1:${links.broker.port}`, token: more.token },
    listen: { host: '127.0.0.1', http: more.http ?? 0, mqtt: more.mqtt ?? 0 },
    uplink: 'review',
    disk: more.disk,
    pollMs: 50,
    signal: more.signal,
  })
  agents.push(agent)
  return agent
}

interface Pi {
  client: MqttClient
  /** What came for this device: receipts and answers, in order. */
  heard: { topic: string; message: Record<string, unknown> }[]
  answers(): Record<string, unknown>[]
  receipts(): Record<string, unknown>[]
  send(photo: Uint8Array): Promise<unknown>
}

async function device(
  agent: EdgeAgent,
  name: string,
  more: mqtt.IClientOptions = {},
  qos: 0 | 1 = 1
): Promise<Pi> {
  const client = await mqtt.connectAsync(agent.broker, { clientId: name, reconnectPeriod: 20, ...more })
  clients.push(client)
  client.on('error', () => {})
  const heard: Pi['heard'] = []
  client.on('message', (topic, payload) => heard.push({ topic, message: JSON.parse(payload.toString()) }))
  await client.subscribeAsync([`receipts/${name}`, `answers/${name}`], { qos })
  const of = (topic: string) => () => heard.flatMap((one) => (one.topic === topic ? [one.message] : []))
  return {
    client,
    heard,
    answers: of(`answers/${name}`),
    receipts: of(`receipts/${name}`),
    send: (photo) => client.publishAsync(`photos/${name}`, Buffer.from(photo), { qos: 1 }),
  }
}

const eventually = (check: () => unknown, timeout = 30_000) => vi.waitFor(check, { timeout, interval: 20 })
const totals = async (agent: EdgeAgent) => (await agent.heartbeat()).totals

async function settled(agent: EdgeAgent, captured: number): Promise<Heartbeat> {
  return eventually(async () => {
    const status = await agent.heartbeat()
    const { accepted, review, rejected, deadLettered, uploaded } = status.totals
    expect(status.totals.captured).toBe(captured)
    expect(accepted + review + rejected + deadLettered).toBe(captured)
    expect(uploaded).toBe(accepted + review)
    return status
  }) as Promise<Heartbeat>
}

beforeEach(async () => {
  complaints = vi.spyOn(console, 'error')
  directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-agent-'))
  s3 = await createS3Server({
    directory: path.join(directory, 's3'),
    host: '127.0.0.1',
    port: 0,
    buckets: ['test'],
    ...credentials,
  })
  bucket = createObjectStore({ endpoint: s3.url, bucket: 'test', ...credentials })
  relays = createRelays()
  cloudProvider = await createLocalProvider({
    node: { name: 'cloud', labels: {} },
    directory: path.join(directory, 'cloud'),
    profiles: await readProfiles(here('../edge-profiles')),
    handlers,
    environment: {},
    peers: {
      nodes: () => [EDGE],
      reaches: (edge) => relays.edges().includes(edge),
      invoke: relays.invoke,
      ask: relays.ask,
    },
  })
  for (const deployment of FUNCTIONS) await cloudProvider.deploy(deployment)
  cloudGateway = await serveHttp({
    fetch: createGateway(cloudProvider).fetch,
    host: '127.0.0.1',
    port: 0,
    name: 'the gateway',
    onUpgrade: createRelayDoor({ relays, allows: () => true }),
  })
  cloudBroker = await createBroker({ host: '127.0.0.1', port: 0, accept: async () => {} })
  await cloudBroker.listen()
  links = {
    gateway: await createLink(cloudGateway.port),
    broker: await createLink(cloudBroker.port),
    s3: await createLink(s3.port),
  }
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)))
  await Promise.all(agents.splice(0).map((agent) => agent.close()))
  await Promise.all(Object.values(links).map((link) => link.close()))
  await cloudBroker.close()
  await relays.close()
  await cloudGateway.close()
  await cloudProvider.close()
  bucket.close()
  await s3.close()
  await rm(directory, { recursive: true, force: true })
  expect(complaints.mock.calls).toEqual([])
  complaints.mockRestore()
})

describe('a disk that is full', () => {
  it('refuses photos for now, loses none, and takes them again when what is done has made room', async () => {
    const open = path.join(directory, 'open')
    const scene = (n: number) => photoOf({ n, confidence: 0.99, until: open })
    const size = scene(0).length
    const agent = await startEdge({ disk: { photoBytes: 3 * size, minFreeBytes: 0 } })
    const pi = await device(agent, 'pi')
    const closed = vi.fn()
    pi.client.on('close', closed)
    for (const n of [0, 1, 2]) await pi.send(scene(n))
    expect(await agent.heartbeat()).toMatchObject({
      disk: { usedBytes: 3 * size, limitBytes: 3 * size, state: 'full' },
    })
    await pi.send(scene(3))
    const receiptsOf = (photo: Buffer) => pi.receipts().filter((one) => one.photo === photoHash(photo))
    await eventually(() => expect(receiptsOf(scene(3))).toMatchObject([{ code: 'OVERLOADED' }]))
    expect(closed).not.toHaveBeenCalled()
    expect(complaints.mock.calls.flat().join('\n')).toContain('new ones are refused')

    // Who listens to no receipts is told by a connection that closes, without an acknowledgement.
    const plain = await mqtt.connectAsync(agent.broker, { reconnectPeriod: 0 })
    clients.push(plain)
    const acknowledged = vi.fn()
    const ended = new Promise<void>((resolve) => plain.once('close', () => resolve()))
    plain.publish('photos/plain', scene(3), { qos: 1 }, (error) => error || acknowledged())
    await ended
    expect(acknowledged).not.toHaveBeenCalled()

    await writeFile(open, '')
    await settled(agent, 3)
    await pi.send(scene(3))
    await eventually(() => expect(receiptsOf(scene(3)).at(-1)).toMatchObject({ sequence: 4 }))
    await settled(agent, 4)
    await eventually(async () => expect((await agent.heartbeat()).disk).toMatchObject({ state: 'ok' }))
    expect(complaints.mock.calls.flat().at(-1)).toBe('photos: there is room again')

    // The oldest has gone, and is known all the same.
    expect((await fetch(`${agent.gateway}/photos/${photoHash(scene(0))}`)).status).toBe(404)
    await pi.send(scene(0))
    await eventually(() => expect(receiptsOf(scene(0))).toHaveLength(2))
    expect(receiptsOf(scene(0))[1]).toEqual(receiptsOf(scene(0))[0])
    expect((await totals(agent)).captured).toBe(4)
    complaints.mockClear()
  })
})

describe('a photo', () => {
  it('is receipted once it is on disk, answered, decided on and uploaded', async () => {
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    const photo = photoOf({ n: 1, confidence: 0.99 })
    const hash = photoHash(photo)
    const stored: Promise<Response>[] = []
    pi.client.on('message', (topic) => {
      if (topic === 'receipts/pi') stored.push(fetch(`${agent.gateway}/photos/${hash}`))
    })
    await pi.send(photo)
    await eventually(() => expect(pi.answers()).toHaveLength(1))
    expect(pi.receipts()).toEqual([{ photo: hash, sequence: 1 }])
    expect(pi.heard[0]!.topic).toBe('receipts/pi')
    expect(photo.equals(Buffer.from(await (await stored[0]!).arrayBuffer()))).toBe(true)
    expect(pi.answers()[0]).toMatchObject({
      photo: hash,
      model: { name: 'photos', version: 1 },
      labels: [{ label: 'cat', score: 0.99 }, { label: 'dog' }],
      confidence: 0.99,
    })
    const status = await settled(agent, 1)
    expect(status.totals).toMatchObject({ accepted: 1, review: 0, bytesCaptured: photo.length })
    expect(await sampleStore(bucket, 'photos').get(hash)).toMatchObject({
      band: 'accept',
      edge: 'edge-1',
      device: 'pi',
      sequence: 1,
      withPhoto: false,
    })
  })

  it('that a person has to see goes up with its bytes', async () => {
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    const photo = photoOf({ n: 1, confidence: 0.6 })
    await pi.send(photo)
    await settled(agent, 1)
    const kept = await sampleStore(bucket, 'photos').getPhoto(photoHash(photo))
    expect(photo.equals(kept!.body)).toBe(true)
  })

  it('that comes again is one photo, and gets the same answer again', async () => {
    const agent = await startEdge()
    const [pi, other] = [await device(agent, 'pi'), await device(agent, 'other-pi')]
    const photo = photoOf({ n: 1 })
    await pi.send(photo)
    await eventually(() => expect(pi.answers()).toHaveLength(1))
    await Promise.all([pi.send(photo), other.send(photo)])
    await eventually(() => expect([pi.answers().length, other.answers().length]).toEqual([2, 1]))
    expect(pi.answers()[1]).toEqual(pi.answers()[0])
    expect(other.answers()).toEqual([pi.answers()[0]])
    expect(pi.receipts()).toEqual(Array(2).fill({ photo: photoHash(photo), sequence: 1 }))
    expect((await settled(agent, 1)).totals.bytesCaptured).toBe(photo.length)
  })

  it('that comes again before its answer is answered to everybody who sent it, once', async () => {
    const agent = await startEdge()
    const [pi, other] = [await device(agent, 'pi'), await device(agent, 'other-pi')]
    const until = path.join(directory, 'now')
    const photo = photoOf({ n: 1, until })
    await pi.send(photo)
    await Promise.all([pi.send(photo), other.send(photo)])
    await writeFile(until, '')
    await eventually(() => expect([pi.answers().length, other.answers().length]).toEqual([1, 1]))
    await sleep(50)
    expect([pi.answers().length, other.answers().length]).toEqual([1, 1])
    await settled(agent, 1)
  })

  it('gets a number of its own, however many come at a time', async () => {
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    await Promise.all(Array.from({ length: 40 }, (_, n) => pi.send(photoOf({ n }))))
    const numbers = () => new Set(pi.receipts().map(({ sequence }) => sequence))
    await eventually(() => expect(numbers().size).toBe(40))
    expect(Math.max(...([...numbers()] as number[]))).toBe(40)
    await settled(agent, 40)
    await eventually(() => expect(pi.answers()).toHaveLength(40))
  })

  it('that cannot be read is answered with the reason, and rejected', async () => {
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    await pi.send(photoOf({ n: 1, unreadable: 'it is cut off' }))
    await eventually(() => expect(pi.answers()).toMatchObject([{ error: 'it is cut off' }]))
    expect((await settled(agent, 1)).totals.rejected).toBe(1)
  })

  it('that classify refuses for good is answered with the reason, and a dead letter', async () => {
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    await pi.send(photoOf({ n: 1, status: 422 }))
    const error = 'classify refused it: 422: not this one'
    await eventually(() => expect(pi.answers()).toMatchObject([{ error }]))
    expect(await settled(agent, 1)).toMatchObject({ totals: { deadLettered: 1 }, deadLetters: 1 })
  })
})

describe('what is no photo', () => {
  it('is refused with a receipt, and the device stays connected', async () => {
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    const closed = vi.fn()
    pi.client.on('close', closed)
    await pi.client.subscribeAsync('receipts/#', { qos: 1 })
    for (const [topic, why] of [
      ['photos/pi', 'the photo is empty'],
      ['photos/my pi!', '"my pi!" cannot be a device\'s name'],
      ['photos/attic/pi', '"attic/pi" cannot be a device\'s name'],
      ['photos/', '"" cannot be a device\'s name'],
    ] as const) {
      const bytes = topic === 'photos/pi' ? Buffer.alloc(0) : photoOf({ n: 1 })
      await pi.client.publishAsync(topic, bytes, { qos: 1 })
      await eventually(() =>
        expect(pi.heard).toContainEqual({
          topic: topic.replace('photos', 'receipts'),
          message: { photo: photoHash(bytes), error: why, code: 'INVALID_INPUT' },
        })
      )
    }
    expect(closed).not.toHaveBeenCalled()
    expect((await totals(agent)).captured).toBe(0)
  })

  it('and is no publication of photos is ordinary MQTT', async () => {
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    await pi.client.subscribeAsync('weather', { qos: 1 })
    await pi.client.publishAsync('weather', '"fine"', { qos: 1 })
    await eventually(() => expect(pi.heard).toEqual([{ topic: 'weather', message: 'fine' }]))
  })
})

describe('out of reach of the cloud', () => {
  const cutAll = () => {
    for (const link of Object.values(links)) link.cut()
  }
  const healAll = () => {
    for (const link of Object.values(links)) link.heal()
  }

  it('it starts with the functions that it knows, answers, and uploads later', async () => {
    const first = await startEdge()
    await first.close()
    cutAll()
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    await Promise.all([1, 2, 3].map((n) => pi.send(photoOf({ n }))))
    await eventually(() => expect(pi.answers()).toHaveLength(3))
    await eventually(async () =>
      expect(await agent.heartbeat()).toMatchObject({
        totals: { captured: 3, accepted: 3, uploaded: 0 },
        spool: { 'upload-sample': 3 },
      })
    )
    healAll()
    await settled(agent, 3)
    expect(await sampleStore(bucket, 'photos').list()).toHaveLength(3)
  })

  it('what waits for S3 survives a restart, and everything is there once', async () => {
    const first = await startEdge()
    const pi = await device(first, 'pi')
    links.s3.cut()
    await Promise.all([1, 2, 3, 4].map((n) => pi.send(photoOf({ n, confidence: n % 2 ? 0.99 : 0.5 }))))
    await eventually(async () => expect(await totals(first)).toMatchObject({ accepted: 2, review: 2 }))
    await first.close()
    links.s3.heal()
    const second = await startEdge()
    const { totals: after } = await settled(second, 4)
    expect(after).toMatchObject({ accepted: 2, review: 2, uploaded: 4 })
    expect(await sampleStore(bucket, 'photos').list()).toHaveLength(4)
  })

  it('without a list it waits until it learns of one', async () => {
    cutAll()
    let started: EdgeAgent | undefined
    const starting = startEdge().then((agent) => {
      started = agent
    })
    await sleep(300)
    expect(started).toBeUndefined()
    healAll()
    await starting
    const pi = await device(started!, 'pi')
    await pi.send(photoOf({ n: 1 }))
    await settled(started!, 1)
  })

  it('and its wait can be ended', async () => {
    cutAll()
    const stop = new AbortController()
    const starting = startEdge({ signal: stop.signal })
    setTimeout(() => stop.abort(), 100)
    await expect(starting).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('a kept list that cannot be read is learnt anew', async () => {
    await (await startEdge()).close()
    const file = path.join(directory, 'edge', 'function-list.json')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.slice(0, text.length / 2))
    await (await startEdge()).close()
    expect(JSON.parse(await readFile(file, 'utf8'))).toHaveLength(3)
  })
})

describe('the list of functions', () => {
  it('is followed: what is removed stops, what comes starts, and nothing is lost between', async () => {
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    const classify = async () => (await fetch(`${agent.gateway}/function/classify`)).status
    expect(await classify()).toBe(200)
    await cloudProvider.remove('classify')
    await eventually(async () => expect(await classify()).toBe(404))
    await Promise.all([1, 2, 3].map((n) => pi.send(photoOf({ n }))))
    await sleep(100)
    expect(pi.answers()).toEqual([])
    expect((await agent.heartbeat()).spool).toMatchObject({ classify: 3 })
    await cloudProvider.deploy(FUNCTIONS[0]!)
    await eventually(() => expect(pi.answers()).toHaveLength(3))
    await settled(agent, 3)
  })

  it('is the cloud’s alone: an edge takes no deployments', async () => {
    const { gateway } = await startEdge()
    for (const [method, route] of [
      ['GET', '/system/functions'],
      ['POST', '/system/functions'],
      ['PUT', '/system/secrets'],
    ] as const)
      expect((await fetch(gateway + route, { method })).status).toBe(404)
  })

  it('with one function that cannot run here works for the others, and says so once', async () => {
    complaints.mockImplementation(() => {})
    const odd = fn('odd', 'events/photo.captured', { 'com.openfaas.profile': '' })
    // The cloud can run it; this edge has no handler for it.
    const handled = handlers.set('odd', here('classify.fixture.ts'))
    await cloudProvider.deploy(odd)
    handled.delete('odd')
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    await pi.send(photoOf({ n: 1 }))
    await settled(agent, 1)
    await sleep(300)
    expect(complaints.mock.calls).toEqual([['function list:', 'odd: odd has no handler on this machine']])
    complaints.mockClear()
  })
})

describe('a function that is switched off here', () => {
  it('leaves its events waiting, visibly, and does them when it is on again', async () => {
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    await pi.send(photoOf({ n: 1 }))
    await settled(agent, 1)
    await cloudProvider.switchAt('edge-1', 'classify', false)
    const ask = () => fetch(`${agent.gateway}/function/classify`)
    await eventually(async () => expect((await ask()).status).toBe(503))
    await Promise.all([2, 3].map((n) => pi.send(photoOf({ n }))))
    await eventually(async () =>
      expect(await agent.heartbeat()).toMatchObject({
        spool: { classify: 2 },
        parked: ['classify'],
        model: {
          serving: null,
          why: 'classify does not say what it serves: classify is switched off at edge-1',
        },
      })
    )
    await agent.close()
    const again = await startEdge()
    expect((await again.heartbeat()).parked).toEqual(['classify'])
    await cloudProvider.switchAt('edge-1', 'classify', true)
    await settled(again, 3)
    expect((await again.heartbeat()).parked).toEqual([])
  })
})

describe('the relay', () => {
  it('lets the cloud ask the edge while the line is whole, and fails soon when it is cut', async () => {
    await startEdge()
    const ask = () => fetch(`${cloudGateway.url}/function/classify`, { headers: { 'X-Edge': 'edge-1' } })
    await eventually(async () => {
      const response = await ask()
      expect([response.status, response.headers.get('x-edge')]).toEqual([200, 'edge-1'])
    })
    expect(await (await ask()).json()).toMatchObject({ serving: 1 })
    links.gateway.cut()
    const began = performance.now()
    await eventually(async () => expect((await ask()).status).toBe(503))
    expect(performance.now() - began).toBeLessThan(3000)
    links.gateway.heal()
    await eventually(async () => expect((await ask()).status).toBe(200))
  })

  it('and the edge itself open a protected function to those who may', async () => {
    const protect = { 'edgeloop.dev/auth': 'gateway' }
    await cloudProvider.deploy(fn('classify', 'events/photo.captured', protect))
    const agent = await startEdge({ token: 'the-edges-token' })
    const ask = async (headers: HeadersInit = {}) =>
      (await fetch(`${agent.gateway}/function/classify`, { headers })).status
    expect([await ask(), await ask({ Authorization: 'Bearer wrong' })]).toEqual([401, 401])
    expect(await ask({ Authorization: 'Bearer the-edges-token' })).toBe(200)
    // The cloud's gateway has asked who it is, and events are the agent's own.
    await eventually(() => expect(relays.edges()).toEqual(['edge-1']))
    expect((await relays.invoke('edge-1', 'classify', new Request('http://gateway/'))).status).toBe(200)
    const pi = await device(agent, 'pi')
    await pi.send(photoOf({ n: 1 }))
    await settled(agent, 1)
  })

  it('opens nothing but functions', async () => {
    await startEdge()
    await eventually(() => expect(relays.edges()).toEqual(['edge-1']))
    for (const path of ['/../../status', '/..%2f..%2fstatus', '//status']) {
      const response = await relays.invoke('edge-1', 'classify', new Request(`http://gateway${path}`))
      expect(await response.text()).not.toContain('totals')
    }
  })
})

describe('what the cloud hears', () => {
  it('is a heartbeat that stays, and hints', async () => {
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    const cloud = await mqtt.connectAsync(cloudBroker.url)
    clients.push(cloud)
    const heard: { topic: string; message: Record<string, unknown> }[] = []
    cloud.on('message', (topic, payload) => heard.push({ topic, message: JSON.parse(payload.toString()) }))
    await cloud.subscribeAsync('#', { qos: 1 })
    await eventually(() => expect(heard.map(({ topic }) => topic)).toContain('edges/edge-1/heartbeat'))
    expect(heard[0]!.message).toMatchObject({ edge: 'edge-1', gateway: agent.gateway, broker: agent.broker })
    await pi.send(photoOf({ n: 1 }))
    await eventually(() => expect(heard.map(({ topic }) => topic)).toContain('events/sample.uploaded'))
  })

  it('is told by the edge token, also when the cloud learns it later', async () => {
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { port } = cloudBroker
    const restart = async (password: string) => {
      await cloudBroker.close()
      cloudBroker = await createBroker({ host: '127.0.0.1', port, password, accept: async () => {} })
      await cloudBroker.listen()
    }
    await restart('another-token')
    const agent = await startEdge({ token: 'the-edges-token' })
    await eventually(() => expect(complaints.mock.calls.flat().join()).toContain('does not take this edge'))
    expect((await agent.heartbeat()).link.connected).toBe(false)
    expect(complaints.mock.calls.flat().join()).not.toContain('the-edges-token')
    await restart('the-edges-token')
    await eventually(async () => expect((await agent.heartbeat()).link.connected).toBe(true))
    complaints.mockRestore()
  })

  it('includes why the model that is wanted is not there', async () => {
    await bucket.put('models/photos/channels/stable.json', '{"not": "a channel"}')
    const agent = await startEdge()
    await eventually(async () =>
      expect((await agent.heartbeat()).model).toMatchObject({
        serving: 1,
        why: 'the channel cannot be read (models/photos/channels/stable.json)',
      })
    )
  })
})

describe('people at the edge', () => {
  const post = (agent: EdgeAgent, path: string, body: object, headers = {}) =>
    fetch(`${agent.gateway}/label/api${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ by: 'ana', ...body }),
    })

  it('label with the edge’s token, where it has one, also on the node itself', async () => {
    const agent = await startEdge({ token: 'the-edges-token' })
    expect((await fetch(`${agent.gateway}/label`)).status).toBe(200)
    const authorization = 'Bearer the-edges-token'
    const statuses = await Promise.all([
      post(agent, '/claim', {}),
      post(agent, '/claim', {}, { authorization: 'Bearer wrong' }),
      post(agent, '/claim', {}, { authorization }),
    ])
    expect(statuses.map(({ status }) => status)).toEqual([401, 401, 200])
  })

  it('and what they say goes up when samples may', async () => {
    const quiet = { times: '00:00-24:00', timeZone: 'Europe/Berlin' }
    await bucket.putJson('edges/edge-1/desired.json', { revision: 1, quietHours: quiet })
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    await eventually(async () => expect((await agent.heartbeat()).held).toMatchObject({ why: 'quiet hours' }))
    const photo = photoOf({ n: 1, confidence: 0.6 })
    await pi.send(photo)
    await eventually(async () => expect((await totals(agent)).review).toBe(1))
    const given = { photo: photoHash(photo), label: 'cat', isNew: true }
    expect(await (await post(agent, '/answer', given)).json()).toMatchObject({
      prediction: { confidence: 0.6 },
    })
    await sleep(300)
    const answers = peopleAnswers(bucket, 'photos')
    expect(await answers.get(given.photo)).toBeUndefined()
    expect((await agent.heartbeat()).spool['upload-sample']).toBe(2)
    await bucket.putJson('edges/edge-1/desired.json', { revision: 2 })
    await eventually(async () =>
      expect(await answers.get(given.photo)).toMatchObject({ answers: [{ by: 'ana', label: 'cat' }] })
    )
    await settled(agent, 1)
  })
})

describe('what is desired', () => {
  it('is applied while it runs, and holds after a start without the cloud', async () => {
    const first = await startEdge()
    const pi = await device(first, 'pi')
    await bucket.putJson('edges/edge-1/desired.json', { revision: 3, uplink: 'features' })
    const applied = async (agent: EdgeAgent) => (await agent.heartbeat()).desired
    await eventually(async () => expect(await applied(first)).toEqual({ revision: 3, problem: null }))
    const [one, two] = [1, 2].map((n) => photoOf({ n, confidence: 0.6 }))
    await pi.send(one!)
    await settled(first, 1)
    expect(await sampleStore(bucket, 'photos').getPhoto(photoHash(one!))).toBeUndefined()

    await first.close()
    for (const link of Object.values(links)) link.cut()
    const second = await startEdge()
    expect(await applied(second)).toEqual({ revision: 3, problem: null })
    await (await device(second, 'pi')).send(two!)
    for (const link of Object.values(links)) link.heal()
    await settled(second, 2)
    expect(await sampleStore(bucket, 'photos').getPhoto(photoHash(two!))).toBeUndefined()
  })
})

describe('an agent says of itself', () => {
  it('who it is, and how its functions are doing', async () => {
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    links.s3.cut()
    await pi.send(photoOf({ n: 1 }))
    await eventually(async () =>
      expect(await agent.heartbeat()).toMatchObject({
        agent: { version: expect.stringMatching(/^\d+\.\d+/), uptimeSeconds: expect.any(Number) },
        functions: [
          { name: 'classify', replicas: 1, available: 1, disabled: false, lastError: null },
          { name: 'filter-confidence', lastError: null },
          { name: 'upload-sample', lastError: expect.stringMatching(/^503: /) },
        ],
        alarms: [],
      })
    )
  })

  it('what it measures, for Prometheus', async () => {
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    const photo = photoOf({ n: 1 })
    await pi.send(photo)
    await pi.send(photo)
    await pi.send(photoOf({ n: 2, status: 422 }))
    await pi.client.publishAsync('photos/pi', Buffer.alloc(0), { qos: 1 })
    await settled(agent, 2)
    await eventually(async () => {
      const response = await fetch(`${agent.gateway}/metrics`)
      expect(response.headers.get('content-type')).toContain('text/plain')
      const lines = (await response.text()).split('\n')
      for (const line of [
        'edgeloop_agent_photos_received_total{repeated="false"} 2',
        'edgeloop_agent_photos_received_total{repeated="true"} 1',
        `edgeloop_agent_photo_bytes_received_total ${2 * photo.length + photoOf({ n: 2, status: 422 }).length}`,
        'edgeloop_agent_receipts_refused_total{code="INVALID_INPUT"} 1',
        'edgeloop_agent_invocations_total{function="classify",outcome="ok"} 1',
        'edgeloop_agent_invocations_total{function="classify",outcome="refused"} 1',
        'edgeloop_agent_spool_queued{queue="classify"} 0',
        'edgeloop_agent_spool_dead_letters{queue="classify"} 1',
        'edgeloop_agent_uplink_connected 1',
        'edgeloop_agent_model_serving_version{model_name="photos"} 1',
        'edgeloop_agent_function_available{function="upload-sample"} 1',
      ])
        expect(lines).toContain(line)
      expect(lines.join()).toMatch(
        /nodejs_eventloop_lag_seconds \d.*process_|process_.*nodejs_eventloop_lag_seconds \d/
      )
    })
  })
})

describe('close', () => {
  it('in the middle of work is quiet, soon, and loses nothing', async () => {
    const first = await startEdge()
    const pi = await device(first, 'pi')
    const sending = Array.from({ length: 30 }, (_, n) => pi.send(photoOf({ n, slow: 20 })).catch(() => {}))
    await Promise.all(sending.slice(0, 10))
    const started = performance.now()
    await first.close()
    expect(performance.now() - started).toBeLessThan(5000)
    await pi.client.endAsync(true)
    expect(complaints.mock.calls).toEqual([])

    const second = await startEdge()
    const receipted = pi.receipts().length
    const { captured } = await totals(second)
    expect(captured).toBeGreaterThanOrEqual(receipted)
    await settled(second, captured)
  })

  it('answers what was being classified', async () => {
    const agent = await startEdge()
    const pi = await device(agent, 'pi')
    await pi.send(photoOf({ n: 1, slow: 300 }))
    await sleep(50)
    await agent.close()
    expect(pi.answers()).toHaveLength(1)
  })

  it('takes less than 10 s while a function hangs, a photo comes in and the cloud is cut off', async () => {
    const first = await startEdge()
    const pi = await device(first, 'pi', { reconnectPeriod: 0 })
    const until = path.join(directory, 'now')
    await pi.send(photoOf({ n: 1, until }))
    await pi.send(photoOf({ n: 2 }))
    for (const link of Object.values(links)) link.cut()
    // A caller who waits for a function that hangs.
    const hanging = fetch(`${first.gateway}/function/classify`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/octet-stream' },
      body: new ReadableStream({ start: (body) => body.enqueue(new Uint8Array(10)) }),
      duplex: 'half',
    } as RequestInit).catch(() => {})
    // Half a photo.
    const raw = connect(Number(new URL(first.broker).port), '127.0.0.1')
    raw.on('error', () => {})
    raw.write(
      Buffer.concat([
        mqttPacket.generate({
          cmd: 'connect',
          clientId: 'slow-pi',
          protocolId: 'MQTT',
          protocolVersion: 4,
          clean: true,
          keepalive: 0,
        }),
        mqttPacket
          .generate({
            cmd: 'publish',
            topic: 'photos/slow-pi',
            payload: Buffer.alloc(100_000),
            qos: 1,
            messageId: 1,
            dup: false,
            retain: false,
          })
          .subarray(0, 50_000),
      ])
    )
    await sleep(300)
    const began = performance.now()
    await first.close()
    expect(performance.now() - began).toBeLessThan(10_000)
    raw.destroy()
    await hanging
    await writeFile(until, '')
    for (const link of Object.values(links)) link.heal()
    await settled(await startEdge(), 2)
  })

  it('leaves answers for the next start, and the device hears them when it comes back', async () => {
    const first = await startEdge()
    const until = path.join(directory, 'now')
    const photos = [1, 2, 3].map((n) => photoOf({ n, until }))
    const before = await device(first, 'pi')
    await Promise.all(photos.map((photo) => before.send(photo)))
    await before.client.endAsync(true)
    await first.close()
    await writeFile(until, '')
    const second = await startEdge()
    await settled(second, 3)
    const after = await device(second, 'pi')
    const heard = () => after.answers().map(({ photo }) => photo)
    await eventually(() => expect(heard().sort()).toEqual(photos.map(photoHash).sort()))
    await after.client.endAsync(true)
    const again = await device(second, 'pi')
    await sleep(100)
    expect(again.answers()).toEqual([])
  })

  it.each([
    ['a session that ends', true],
    ['a session that is kept', false],
  ])('of the connection of a device with QoS 0 costs it no answer, with %s', async (_what, clean) => {
    const edge = await startEdge()
    const until = path.join(directory, 'now')
    const photo = photoOf({ n: 1, until })
    const before = await device(edge, 'pi', { clean }, 0)
    await before.send(photo)
    await before.client.endAsync(true)
    await writeFile(until, '')
    await settled(edge, 1)
    const after = await device(edge, 'pi', { clean }, 0)
    await eventually(() => expect(after.answers().map(({ photo: hash }) => hash)).toEqual([photoHash(photo)]))
  })

  it('happens by itself when a port is taken, with what is in the way', async () => {
    const taken = await startEdge()
    const http = Number(new URL(taken.gateway).port)
    const broker = Number(new URL(taken.broker).port)
    await expect(startEdge({ place: 'another', http })).rejects.toMatchObject({
      message: 'the gateway of edge-1 cannot listen: the port is in use',
      where: `127.0.0.1:${http}`,
    })
    await expect(startEdge({ place: 'another', mqtt: broker })).rejects.toMatchObject({
      message: 'the MQTT broker cannot listen: the port is in use',
    })
  })
})
