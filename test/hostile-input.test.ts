/** What must not hurt an edge, over HTTP and over MQTT. */
import { request as httpRequest } from 'node:http'
import mqtt from 'mqtt'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createDevice, type Device } from '../device/index.ts'
import type { Answer, Receipt } from '../lib/messages/index.ts'
import { hammingDistance, photoHash } from '../lib/photo/index.ts'
import { createPlatform, type Platform } from '../platform/index.ts'
import { BROKEN, blockPhoto, publishModel, temporaryDirectory, UNUSUAL } from './support/index.ts'

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

/** A label's score, by name. */
const scores = ({ labels }: Classified) =>
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
    const plain = await sharp(await blockPhoto('plain', 'png', 240))
      .png()
      .toBuffer()
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

  it.each([
    ['announced', { 'content-length': String(100 * MEBIBYTE) }],
    ['unannounced', {}],
  ])('a body of 100 MB, %s, gets a 413, and memory stays bounded', async (_how, headers) => {
    const before = (await edge.status()).memory.rss
    const statuses = await Promise.all([1, 2, 3].map(() => postEndlessly(100 * MEBIBYTE, headers)))
    expect(statuses).toEqual([413, 413, 413])
    const { rss } = (await edge.status()).memory
    expect((rss - before) / MEBIBYTE).toBeLessThan(200)
    expect((await classify(await blockPhoto('afterwards'))).status).toBe(200)
  })
})

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
    const greedy = await mqtt.connectAsync(edge.broker, { reconnectPeriod: 0 })
    const closed = new Promise<void>((resolve) => greedy.once('close', () => resolve()))
    greedy.on('error', () => {})
    greedy.publish('photos/greedy', Buffer.alloc(100 * MEBIBYTE), { qos: 1 })
    await closed
    await greedy.endAsync(true)
    const after = await edge.status()
    expect(after.oversizedPackets).toBe(before.oversizedPackets + 1)
    expect((after.memory.rss - before.memory.rss) / MEBIBYTE).toBeLessThan(100)
  })
})

/** Sends zeros until the answer comes; resolves with its status. */
function postEndlessly(bytes: number, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    let answered = false
    const request = httpRequest(
      `${edge.gateway}/function/classify`,
      { method: 'POST', headers },
      (response) => {
        answered = true
        response.resume()
        resolve(response.statusCode!)
        request.destroy()
      }
    )
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
