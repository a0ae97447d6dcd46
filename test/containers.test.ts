/**
 * What containers hold, as plain processes: bundles instead of sources, settings by environment, secrets as files.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa, type ResultPromise } from 'execa'
import mqttClient from 'mqtt'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { bundle } from '../deploy/images/index.ts'
import { createDevice } from '../device/index.ts'
import { createRelayDoor, createRelays, type PlacedFunction } from '../gateway/index.ts'
import { labelledPhotos, runStore } from '../lib/dataset/index.ts'
import { readEvent } from '../lib/events/index.ts'
import { photoHash } from '../lib/photo/index.ts'
import { modelRegistry } from '../lib/registry/index.ts'
import { serveHttp, type WebServer } from '../lib/web-server/index.ts'
import { freePort } from '../platform/ports/index.ts'
import { type Bucket, blockPhoto, openBucket, temporaryDirectory } from './support/index.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

const root = fileURLToPath(new URL('..', import.meta.url))
const TOKEN = 'the-edges-token'
const FUNCTIONS = ['classify', 'filter-confidence', 'upload-sample'] as const
const TOPICS: Record<string, string> = {
  classify: 'events/photo.captured',
  'filter-confidence': 'events/photo.classified',
  'upload-sample': 'events/sample.accepted, events/sample.review',
}
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 60_000, interval: 50 })

let place: Awaited<ReturnType<typeof temporaryDirectory>>
let bucket: Bucket
let gateway: WebServer
const relays = createRelays()
const children: ResultPromise[] = []
/** By function. */
const ports = new Map<string, number>()
/** Types of the events that the cloud's function got. */
const recorded: string[] = []

const app = () => path.join(place.directory, 'app')
const secrets = () => path.join(place.directory, 'secrets')
const environment = (): Record<string, string> => ({
  ...bucket.environment,
  SECRETS_DIR: secrets(),
  DATASET: 'photos',
})

function start(file: string, env: Record<string, string>): ResultPromise {
  const child = execa(process.execPath, [file], {
    env: { PATH: process.env.PATH, ...env },
    // As in a container: nothing comes from whoever starts it.
    extendEnv: false,
    reject: false,
    cwd: path.dirname(file),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  return child
}

const placed = (name: string, more: Partial<PlacedFunction> = {}): PlacedFunction => ({
  name,
  image: `registry.local/${name}:1`,
  replicas: 1,
  availableReplicas: 1,
  invocationCount: 0,
  createdAt: new Date().toISOString(),
  ...more,
})

/** As much of the cloud's gateway as an edge and a connector see. */
async function cloud(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/function/recorder') {
    recorded.push((await readEvent(request, ['sample.uploaded'])).type)
    return new Response()
  }
  if (request.headers.get('authorization') !== `Bearer ${TOKEN}`) return new Response('', { status: 401 })
  if (pathname === '/system/places/cloud/functions')
    return Response.json([placed('recorder', { annotations: { topic: 'events/sample.uploaded' } })])
  if (pathname === '/system/places/edge-1/functions')
    return Response.json(
      FUNCTIONS.map((name) => placed(name, { port: ports.get(name), annotations: { topic: TOPICS[name]! } }))
    )
  return new Response('', { status: 404 })
}

beforeAll(async () => {
  place = await temporaryDirectory('containers')
  bucket = await openBucket()
  const handlers = FUNCTIONS.map((name) => [name, path.join(root, `functions/${name}/handler.ts`)] as const)
  await bundle({
    processes: {
      agent: path.join(root, 'agent/main.ts'),
      connector: path.join(root, 'agent/connector.main.ts'),
      job: path.join(root, 'trainer/job/main.ts'),
    },
    directory: app(),
    backbone: true,
  })
  for (const [name, handler] of handlers) {
    const processes = { main: path.join(root, 'templates/node-typescript/main.ts') }
    await bundle({ processes, handler, directory: path.join(place.directory, name) })
    ports.set(name, await freePort('127.0.0.1'))
  }
  await mkdir(secrets())
  await writeFile(path.join(secrets(), 'edge-token'), `${TOKEN}\n`)
  await certify()
  gateway = await serveHttp({
    fetch: cloud,
    host: '127.0.0.1',
    port: 0,
    name: 'the gateway',
    onUpgrade: createRelayDoor({ relays, allows: (authorization) => authorization === `Bearer ${TOKEN}` }),
  })
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(children)
  await relays.close()
  await gateway?.close()
  await bucket?.close()
  await place?.remove()
})

const certificate = () => path.join(place.directory, 'certificate.pem')
const key = () => path.join(place.directory, 'key.pem')

/** A certificate for the cloud's broker, which is its own authority. */
async function certify(): Promise<void> {
  const subject = ['-subj', '/CN=broker', '-addext', 'subjectAltName=IP:127.0.0.1']
  const fresh = ['-x509', '-days', '2', '-nodes', '-newkey', 'rsa:2048']
  await execa('openssl', ['req', ...fresh, '-keyout', key(), '-out', certificate(), ...subject])
}

const LABELS = ['cat', 'dog']

describe.sequential('containers', () => {
  it('train a run', async () => {
    const { store } = bucket
    const items = []
    for (const label of LABELS)
      for (const n of [1, 2, 3]) {
        const bytes = await blockPhoto(`${label} ${n}`, 'jpeg', 224)
        const photo = { hash: photoHash(bytes), size: bytes.length, mediaType: 'image/jpeg' }
        await labelledPhotos(store, 'photos', 'seed').put({ photo, label }, bytes)
        items.push({ photo: photo.hash, label, origin: 'seed' as const, edge: null })
      }
    const runs = runStore(store, 'photos')
    const { id } = await runs.putSnapshot(items)
    const at = new Date().toISOString()
    const run = { model: 'photos', snapshot: id, since: null, at, why: 'a test', newSamples: items.length }
    const { id: RUN } = (await runs.create(run, undefined))!
    const { exitCode, stdout } = await start(path.join(app(), 'job.js'), { ...environment(), RUN })
    expect([exitCode, String(stdout).split('\n').at(-1)]).toEqual([0, '{"version":1}'])
    await modelRegistry(store, 'photos').setChannel(
      'stable',
      { version: 1, by: 'test', why: 'to have one' },
      undefined
    )
  })

  it('let nobody in by mistake', async () => {
    const empty = path.join(place.directory, 'no-secrets')
    const env = { DATA_DIR: path.join(place.directory, 'none'), CLOUD_GATEWAY: gateway.url }
    const open = start(path.join(app(), 'connector.js'), { ...env, SECRETS_DIR: empty, MQTT_PORT: '0' })
    expect((await open).exitCode).not.toBe(0)
    const half = { ...env, SECRETS_DIR: secrets(), MQTT_PORT: '0', TLS_CERTIFICATE_FILE: certificate() }
    expect((await start(path.join(app(), 'connector.js'), half)).exitCode).not.toBe(0)
  })

  it('serve an edge: photos are answered, and what follows reaches the cloud', async () => {
    const [http, mqtt, broker] = await Promise.all([1, 2, 3].map(() => freePort('127.0.0.1')))
    const data = path.join(place.directory, 'edge')
    const connector = start(path.join(app(), 'connector.js'), {
      SECRETS_DIR: secrets(),
      DATA_DIR: path.join(place.directory, 'connector'),
      HOST: '127.0.0.1',
      MQTT_PORT: String(broker),
      CLOUD_GATEWAY: gateway.url,
      TLS_CERTIFICATE_FILE: certificate(),
      TLS_KEY_FILE: key(),
    })
    // What becomes of it is seen by its answers.
    for (const [name, port] of ports)
      void start(path.join(place.directory, name, 'main.js'), {
        ...environment(),
        HOST: '127.0.0.1',
        PORT: String(port),
        MODEL_CACHE: path.join(data, 'models'),
      })
    const agent = start(path.join(app(), 'agent.js'), {
      ...environment(),
      EDGE: 'edge-1',
      DATA_DIR: data,
      HOST: '127.0.0.1',
      HTTP_PORT: String(http),
      MQTT_PORT: String(mqtt),
      CLOUD_GATEWAY: gateway.url,
      CLOUD_BROKER: `mqtts://127.0.0.1:${broker}`,
      NODE_EXTRA_CA_CERTS: certificate(),
    })
    const answers: unknown[] = []
    const device = createDevice({
      name: 'pi',
      broker: `mqtt://127.0.0.1:${mqtt}`,
      onAnswer: (answer) => answers.push(answer),
    })
    const photo = await blockPhoto('a visitor', 'jpeg', 224)
    await device.send(photo)
    await eventually(() =>
      expect(answers).toMatchObject([{ photo: photoHash(photo), model: { version: 1 } }])
    )
    await eventually(() => expect(recorded).toEqual(['sample.uploaded']))

    const ca = await readFile(certificate())
    const url = `mqtts://127.0.0.1:${broker}`
    await expect(mqttClient.connectAsync(url, { ca, reconnectPeriod: 0 })).rejects.toMatchObject({ code: 5 })
    const stranger = mqttClient.connectAsync(url, { username: 'edge-1', password: TOKEN, reconnectPeriod: 0 })
    await expect(stranger).rejects.toThrow('self-signed certificate')

    const body = Buffer.from(await blockPhoto('another visitor', 'jpeg', 224))
    const response = await relays.invoke(
      'edge-1',
      'classify',
      new Request('http://gateway/', { method: 'POST', body })
    )
    expect(await response.json()).toMatchObject({ model: { name: 'photos', version: 1 } })

    const label = (path: string, headers = {}) => fetch(`http://127.0.0.1:${http}/label${path}`, { headers })
    for (const file of ['', '/label.js', '/label.css']) expect((await label(file)).status).toBe(200)
    expect((await label('/api/state')).status).toBe(401)
    const labelling = await label('/api/state', { Authorization: `Bearer ${TOKEN}` })
    expect(await labelling.json()).toMatchObject({ labels: LABELS })

    const status = await fetch(`http://127.0.0.1:${http}/status`)
    expect(await status.json()).toMatchObject({
      edge: 'edge-1',
      model: { serving: 1, wanted: 1 },
      parked: [],
    })
    await device.close()
    for (const child of [agent, connector]) {
      child.kill('SIGTERM')
      expect((await child).exitCode).toBe(0)
    }
  })
})
