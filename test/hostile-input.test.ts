/** What must not hurt an edge, over HTTP and over MQTT. */
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt from 'mqtt'
import mqttPacket from 'mqtt-packet'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createDevice, type Device } from '../device/index.ts'
import { eventRequest, readEventResponse } from '../lib/events/index.ts'
import type { Answer, Receipt } from '../lib/messages/index.ts'
import { hammingDistance, photoHash } from '../lib/photo/index.ts'
import { createPlatform, type Platform } from '../platform/index.ts'
import {
  BROKEN,
  blackPng,
  blockPhoto,
  capturedEvent,
  peakGrowth,
  publishModel,
  temporaryDirectory,
  UNUSUAL,
} from './support/index.ts'

const MEBIBYTE = 2 ** 20
/** How far two encodings of one picture may move a score. */
const SAME_PICTURE = 0.03
/** How many of its 64 bits they may change. */
const SAME_HASH = 6

let platform: Platform
let remove: () => Promise<void>
let edge: Platform['edges'][number]
let device: Device
const receipts = new Map<string, Receipt>()
const answers = new Map<string, Answer>()

beforeAll(async () => {
  const temporary = await temporaryDirectory('hostile')
  remove = temporary.remove
  platform = await createPlatform({ state: temporary.directory, edges: 1 })
  edge = platform.edges[0]!
  await publishModel(platform.store, platform.model)
  await vi.waitFor(async () => expect((await edge.status()).model.serving).toBe(1), { timeout: 30_000 })
  device = createDevice({
    name: 'stranger',
    broker: edge.broker,
    onReceipt: (receipt) => receipts.set(receipt.photo, receipt),
    onAnswer: (answer) => answers.set(answer.photo, answer),
  })
})
afterAll(async () => {
  await device?.close()
  await platform?.dispose()
  await remove?.()
})

interface Classified {
  labels: { label: string; score: number }[]
  perceptualHash: string
}

async function classify(bytes: Uint8Array, contentType = 'application/octet-stream'): Promise<Response> {
  const headers = { 'content-type': contentType }
  return fetch(`${edge.gateway}/function/classify`, { method: 'POST', body: Buffer.from(bytes), headers })
}

const plainPhoto = async () =>
  sharp(await blockPhoto('plain', 'png', 240))
    .png()
    .toBuffer()

/** A label's score, by name. */
const scores = ({ labels }: Pick<Classified, 'labels'>) =>
  Object.fromEntries(labels.map(({ label, score }) => [label, score]))

describe('over HTTP', () => {
  it.each(BROKEN)('$name gets a $status with a reason, at once', async ({ bytes, status }) => {
    const body = await bytes()
    const started = performance.now()
    const response = await classify(body)
    expect(performance.now() - started).toBeLessThan(1000)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: expect.stringMatching(/\w{3,}/) })
  })

  it('an empty body gets a 400 with a reason', async () => {
    const response = await classify(new Uint8Array())
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: 'the body is empty' })
  })

  it.each(UNUSUAL)('$name gets the answer of the plain photo', async ({ bytes }) => {
    const plain = await plainPhoto()
    const expected = (await (await classify(plain)).json()) as Classified
    const response = await classify(await bytes(plain))
    expect(response.status).toBe(200)
    const found = (await response.json()) as Classified
    for (const [label, score] of Object.entries(scores(expected)))
      expect(Math.abs(scores(found)[label]! - score), label).toBeLessThan(SAME_PICTURE)
    // A model may not mind a photo that lies on its side.
    expect(hammingDistance(found.perceptualHash, expected.perceptualHash)).toBeLessThanOrEqual(SAME_HASH)
  })

  it('a wrong media type does not matter: the bytes tell', async () => {
    const photo = await blockPhoto('mislabelled')
    const expected = await (await classify(photo, 'image/jpeg')).json()
    expect(await (await classify(photo, 'image/png')).json()).toEqual(expected)
    expect(await (await classify(photo, 'text/html')).json()).toEqual(expected)
    expect((await classify(Buffer.from('not a photo'), 'image/jpeg')).status).toBe(415)
  })

  it('a wrong media type in an event does not matter either', async () => {
    const photo = await blockPhoto('mislabelled, in an event')
    await device.send(photo)
    const hash = photoHash(photo)
    const url = `${edge.gateway}/photos/${hash}`
    const says = async (mediaType: string) => {
      const event = capturedEvent({ hash, url, size: photo.length, mediaType })
      const response = await fetch(eventRequest(`${edge.gateway}/function/classify`, event))
      return (await readEventResponse(response))?.data
    }
    const right = await says('image/jpeg')
    expect(right).toMatchObject({ prediction: expect.anything() })
    expect(await says('image/png')).toMatchObject({
      prediction: (right as { prediction: object }).prediction,
    })
  })

  const MODES = [
    ['a photo', {}],
    ['an event', { 'ce-type': 'photo.captured', 'ce-id': '1', 'ce-source': 's', 'ce-specversion': '1.0' }],
    ['a structured event', { 'content-type': 'application/cloudevents+json' }],
  ] as const
  const announced = { 'content-length': String(100 * MEBIBYTE) }

  describe.each([
    ['the edge', () => edge.gateway, 'classify'],
    ["the cloud's gateway", () => platform.gateway, 'classify'],
    ["the cloud's own function", () => platform.gateway, 'promote-model'],
  ] as const)('a body of 100 MB at %s', (_where, gateway, name) => {
    it.each(MODES)('as %s is refused, announced or not, and memory stays bounded', async (_what, headers) => {
      // A plain body is nothing that this function takes: it says so without reading it.
      const status = name === 'promote-model' && Object.keys(headers).length === 0 ? 400 : 413
      const url = `${gateway()}/function/${name}`
      const growth = await peakGrowth(async () => {
        const statuses = await Promise.all(
          [announced, {}, {}].map((more) =>
            postEndlessly(url, 100 * MEBIBYTE, { 'x-edge': 'edge-1', ...headers, ...more })
          )
        )
        expect(statuses).toEqual([status, status, status])
      })
      expect(growth).toBeLessThan(250)
      expect((await classify(await blockPhoto('afterwards'))).status).toBe(200)
    })
  })

  it('photos just under the limit are classified, and share the memory for it', async () => {
    // 316 MiB of pixels each, of which no row can be let go before the last one has come.
    const photo = blackPng(6440, { depth: 16, rgba: true, interlaced: true })
    const growth = await peakGrowth(async () => {
      const responses = await Promise.all([1, 2, 3].map(() => classify(photo)))
      expect(responses.map(({ status }) => status)).toEqual([200, 200, 200])
    })
    expect(growth).toBeLessThan(600)
  }, 120_000)

  it('all of it at a time hurts nobody', async () => {
    const good = await blockPhoto('in between')
    const [expected] = [(await (await classify(good)).json()) as Classified]
    const hostile = await Promise.all(
      BROKEN.map(async ({ bytes, status }) => ({ body: await bytes(), status }))
    )
    const growth = await peakGrowth(async () => {
      const requests = [...hostile, ...hostile].flatMap((one) => [one, { body: good, status: 200 }])
      const responses = await Promise.all(requests.map(async ({ body }) => classifyInTurn(body)))
      expect(responses.map(({ status }) => status)).toEqual(requests.map(({ status }) => status))
      for (const response of responses) if (response.ok) expect(await response.json()).toEqual(expected)
    })
    expect(growth).toBeLessThan(250)
  }, 60_000)
})

/** Comes again where an edge has its hands full. */
async function classifyInTurn(bytes: Uint8Array): Promise<Response> {
  for (;;) {
    const response = await classify(bytes)
    if (response.status !== 429) return response
    await response.body?.cancel()
    await sleep(50)
  }
}

describe('over MQTT', () => {
  it.each(BROKEN)('$name is taken, answered with a reason, and rejected', async ({ name, bytes }) => {
    const body = Buffer.concat([await bytes(), Buffer.from(name)])
    const photo = photoHash(body)
    await device.send(body)
    expect(receipts.get(photo)).toMatchObject({ sequence: expect.any(Number) })
    await expect
      .poll(() => answers.get(photo), { timeout: 5000 })
      .toMatchObject({ error: expect.any(String) })
    const decision = async () => (await fetch(`${edge.gateway}/decisions/${photo}`)).json()
    await expect.poll(decision, { timeout: 5000 }).toMatchObject({ outcome: 'rejected' })
  })

  it.each(UNUSUAL)('$name gets the answer of the plain photo', async ({ name, bytes }) => {
    const plain = await plainPhoto()
    const expected = scores((await (await classify(plain)).json()) as Classified)
    const photo = await bytes(plain)
    await device.send(photo)
    await expect.poll(() => answers.get(photoHash(photo)), { timeout: 5000 }).toHaveProperty('labels')
    const found = scores(answers.get(photoHash(photo)) as Pick<Classified, 'labels'>)
    for (const [label, score] of Object.entries(expected))
      expect(Math.abs(found[label]! - score), `${name}: ${label}`).toBeLessThan(SAME_PICTURE)
  })

  it('an empty photo is refused for good', async () => {
    const client = await mqtt.connectAsync(edge.broker, { reconnectPeriod: 0 })
    const refused = new Promise((resolve) =>
      client.once('message', (_topic, payload) => resolve(String(payload)))
    )
    await client.subscribeAsync('receipts/careless', { qos: 1 })
    await client.publishAsync('photos/careless', '', { qos: 1 })
    expect(JSON.parse(String(await refused))).toMatchObject({
      code: 'INVALID_INPUT',
      error: 'the photo is empty',
    })
    await client.endAsync(true)
  })

  it('a photo over the limit is refused for good', async () => {
    const large = Buffer.alloc(33 * MEBIBYTE, 1)
    await expect(device.send(large)).rejects.toMatchObject({ code: 'TOO_LARGE' })
    expect(receipts.get(photoHash(large))).toMatchObject({ code: 'TOO_LARGE' })
  })

  it('a packet of 100 MB closes its connection and is counted; memory stays bounded', async () => {
    const before = await edge.status()
    const growth = await peakGrowth(async () => {
      const greedy = await mqtt.connectAsync(edge.broker, { reconnectPeriod: 0 })
      const closed = new Promise<void>((resolve) => greedy.once('close', () => resolve()))
      greedy.on('error', () => {})
      greedy.publish('photos/greedy', Buffer.alloc(100 * MEBIBYTE), { qos: 1 })
      await closed
      await greedy.endAsync(true)
    })
    expect((await edge.status()).oversizedPackets).toBe(before.oversizedPackets + 1)
    expect(growth).toBeLessThan(100)
  })

  it('twenty connections with most of a photo each are not twenty photos in memory', async () => {
    const start = Buffer.alloc(31 * MEBIBYTE)
    // A publication of 32 MiB to photos/x. MQTT 3.1.1, section 3.3
    Buffer.from(`32808080100008${Buffer.from('photos/x').toString('hex')}0001`, 'hex').copy(start)
    const hello = mqttPacket.generate({ cmd: 'connect', clientId: '', clean: true, keepalive: 0 })
    const { hostname, port } = new URL(edge.broker)
    const sockets = Array.from({ length: 20 }, () =>
      connect(Number(port), hostname)
        .on('error', () => {})
        .resume()
    )
    const growth = await peakGrowth(async () => {
      for (const socket of sockets) {
        socket.write(hello)
        await new Promise((resolve) => socket.write(start, resolve))
      }
      await vi.waitFor(() => expect(sockets.filter(({ destroyed }) => destroyed).length).toBeGreaterThan(15))
    })
    for (const socket of sockets) socket.destroy()
    expect(growth).toBeLessThan(350)
    await device.send(await blockPhoto('after the twenty'))
  })
})

/** Sends zeros until the answer comes; resolves with its status. */
function postEndlessly(url: string, bytes: number, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    let answered = false
    const request = httpRequest(url, { method: 'POST', headers }, (response) => {
      answered = true
      response.resume()
      resolve(response.statusCode!)
      request.destroy()
    })
    // The server hangs up on what it does not want to read.
    request.on('error', (error) => answered || reject(error))
    const chunk = Buffer.alloc(MEBIBYTE)
    let left = bytes
    const write = () => {
      while (left > 0 && !answered) {
        left -= chunk.length
        if (!request.write(chunk)) return request.once('drain', write)
      }
      if (!answered) request.end()
    }
    write()
  })
}
