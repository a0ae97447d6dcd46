import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import * as classify from '../../functions/classify/handler.ts'
import { type EventData, encodeStructured, readEventResponse } from '../../lib/events/index.ts'
import { decodeFloat16Base64 } from '../../lib/float16/index.ts'
import { type Head, predictScores } from '../../lib/head/index.ts'
import { registryKeys } from '../../lib/registry/index.ts'
import {
  blockPhoto,
  type CacheFolder,
  cacheFolder,
  capturedEvent,
  type PhotoServer,
  type ServedFunction,
  seededHead,
  serve,
  serveFunction,
  servePhotos,
  temporaryDirectory,
} from '../support/index.ts'

/** What `classify` answers to plain bytes. */
interface Answer {
  model: { name: string; version: number }
  labels: { label: string; score: number }[]
  confidence: number
  perceptualHash: string
  features: { backbone: string; values: string }
}
interface Status {
  wanted: number | null
  serving: number | null
  why: string | null
}

const MAX_PHOTO_BYTES = 400_000

let workplace: Awaited<ReturnType<typeof temporaryDirectory>>
let photos: PhotoServer
/** A cache with version 1, and the function that serves it. */
let shared: Awaited<ReturnType<typeof start>>

beforeAll(async () => {
  workplace = await temporaryDirectory('classify')
  photos = await servePhotos()
  shared = await start('shared')
  await shared.serve(1, headOf(1))
})

afterAll(async () => {
  await shared.served.close()
  await photos.close()
  await workplace.remove()
})

/** A head whose labels say which version it is of. */
const headOf = (version: number, labels = ['a', 'b', 'c']): Head =>
  seededHead(
    labels.map((label) => `v${version}-${label}`),
    version
  )

async function start(name: string) {
  const cache: CacheFolder = cacheFolder(path.join(workplace.directory, name))
  const served: ServedFunction = await serveFunction(classify, {
    MODEL_CACHE: cache.directory,
    MODEL_POLL_MS: '50',
    MAX_PHOTO_BYTES: String(MAX_PHOTO_BYTES),
  })
  const status = async () => (await (await fetch(served.url)).json()) as Status
  const post = (body: Uint8Array | string) => fetch(served.url, { method: 'POST', body: Buffer.from(body) })
  const says = (wanted: object, timeout = 10_000) =>
    vi.waitFor(async () => expect(await status()).toMatchObject(wanted), { timeout, interval: 50 })
  let backbone: string | undefined

  async function install(version: number, head: Head, onBackbone?: string) {
    backbone ??= await cache.backbone()
    return cache.version(version, head, onBackbone ?? backbone)
  }
  return {
    cache,
    served,
    status,
    install,
    /** Waits until it says so. */
    says,
    settled: (serving: number, timeout?: number) => says({ wanted: serving, serving, why: null }, timeout),
    /** Puts a version into the cache and waits until it serves. */
    async serve(version: number, head: Head, timeout?: number) {
      await cache.point(await install(version, head))
      await says({ wanted: version, serving: version, why: null }, timeout)
    },
    post,
    async ask(photo: Uint8Array): Promise<Answer> {
      const response = await post(photo)
      if (response.status !== 200) expect.fail(`${response.status}: ${await response.text()}`)
      return (await response.json()) as Answer
    },
  }
}

/** Checks that labels, scores and features of an answer belong to one version. */
function expectWhole(answer: Answer, heads: ReadonlyMap<number, Head>): void {
  const head = heads.get(answer.model.version)!
  expect(answer.labels.map(({ label }) => label).sort()).toEqual(head.labels.toSorted())
  // The features travel in float16, the scores were computed in float32.
  const scores = predictScores(head, decodeFloat16Base64(answer.features.values))
  for (const { label, score } of answer.labels) {
    expect(Math.abs(scores[head.labels.indexOf(label)]! - score)).toBeLessThan(0.02)
  }
  expect(answer.confidence).toBe(answer.labels[0]!.score)
}

const putPhoto = (bytes: Uint8Array, mediaType = 'image/jpeg'): EventData<'photo.captured'>['photo'] => {
  const hash = photos.put(bytes)
  return { hash, size: bytes.length, mediaType, url: photos.urlOf(hash) }
}
const truncated = (bytes: Uint8Array) => bytes.subarray(0, Math.floor(bytes.length / 2))

describe('without a model', () => {
  it('says 503 and why, and serves the first one as soon as it is there', async () => {
    const { served, status, serve, post, cache, ask } = await start('empty')
    onTestFinished(() => served.close())
    expect(await status()).toEqual({
      ...{ model: 'photos', channel: 'stable', wanted: null, serving: null },
      why: 'the agent has not fetched a model yet',
    })
    const photo = await blockPhoto(1)
    for (const response of [await post(photo), await served.send(capturedEvent(putPhoto(photo)))]) {
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toBe('1')
      expect(await response.json()).toMatchObject({
        code: 'UNAVAILABLE',
        error: 'no model serves yet: the agent has not fetched a model yet',
        where: cache.directory,
      })
    }
    await serve(4, headOf(4))
    expectWhole(await ask(photo), new Map([[4, headOf(4)]]))
  })
})

describe('a photo', () => {
  it.each(['jpeg', 'png', 'webp'] as const)('as plain bytes: %s', async (format) => {
    const answer = await shared.ask(await blockPhoto(format, format))
    expectWhole(answer, new Map([[1, headOf(1)]]))
    expect(answer.model).toEqual({ name: 'photos', version: 1 })
    expect(answer.perceptualHash).toMatch(/^[0-9a-f]{16}$/)
    const scores = answer.labels.map(({ score }) => score)
    expect(scores.reduce((a, b) => a + b)).toBeCloseTo(1, 5)
    expect(scores).toEqual(scores.toSorted((a, b) => b - a))
  })

  it('gets the same answer each time', async () => {
    const photo = await blockPhoto('again')
    expect(await shared.ask(photo)).toEqual(await shared.ask(photo))
  })

  it('as an event, and as a structured one', async () => {
    const photo = await blockPhoto('event')
    const event = capturedEvent(putPhoto(photo))
    const binary = await readEventResponse(await shared.served.send(event))
    const structured = await readEventResponse(
      await fetch(shared.served.url, {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
        body: encodeStructured(event),
      })
    )
    if (binary?.type !== 'photo.classified') return expect.fail('no event')
    const { model, labels, confidence, perceptualHash, features } = await shared.ask(photo)
    expect(binary.data).toEqual({
      ...event.data,
      ...{ prediction: { model, labels, confidence }, perceptualHash, features },
      thresholds: { accept: 0.9, audit: 0.1 },
      // The model does not say what it knows.
      novelty: null,
      thumbnail: expect.stringMatching(/^[\w+/]{1366}==$/),
    })
    expect({ ...structured, time: binary.time }).toEqual(binary)
  })

  it.each([
    ['cut short', async () => truncated(await blockPhoto('short')), /cannot be decoded/],
    ['no photo', async () => Buffer.from('GIF89a, they say'), /not a JPEG, PNG or WebP/],
    ['larger than the limit', () => sharpNoise(700), /the limit is 400000 bytes/],
  ])('%s, as an event: a fact about the photo', async (_, make, why) => {
    const photo = putPhoto(await make())
    const response = await shared.served.send(capturedEvent(photo))
    const event = await readEventResponse(response)
    expect(event).toMatchObject({
      type: 'photo.classified',
      data: { photo, prediction: null, features: null, perceptualHash: null, thresholds: null },
    })
    expect((event!.data as EventData<'photo.classified'>).unreadable).toMatch(why)
  })
})

describe('what it refuses for good', () => {
  it.each([
    ['an empty body', async () => '', 400],
    ['a text', async () => 'hello', 415],
    ['a photo that is cut short', async () => truncated(await blockPhoto('short')), 422],
    ['a photo that is too large', async () => new Uint8Array(MAX_PHOTO_BYTES + 1), 413],
  ])('%s', async (_, make, status) => {
    const response = await shared.post(await make())
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: expect.any(String), code: expect.any(String) })
  })

  it('a setting that takes larger photos than an edge does', async () => {
    const environment = { MODEL_CACHE: workplace.directory, MAX_PHOTO_BYTES: String(64 * 2 ** 20) }
    await expect(serveFunction(classify, environment)).rejects.toMatchObject({
      code: 'MISCONFIGURED',
      where: 'MAX_PHOTO_BYTES',
    })
  })

  it('a photo that is too large and does not say how large it is', async () => {
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(65_536))
      },
    })
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' }
    // The answer comes while the body is still on its way, which fetch may take for a broken line.
    const status = await fetch(shared.served.url, init).then(
      (response) => response.status,
      () => 413
    )
    expect(status).toBe(413)
  })

  it('a photo that has gone, and an event that does not say where it is', async () => {
    const photo = putPhoto(await blockPhoto('gone'))
    photos.remove(photo.hash)
    expect((await shared.served.send(capturedEvent(photo))).status).toBe(422)
    const { url: _url, ...nowhere } = photo
    expect((await shared.served.send(capturedEvent(nowhere))).status).toBe(400)
  })

  it('is not what happens when the photo store is out of reach', async () => {
    const photo = { ...putPhoto(await blockPhoto('reach')), url: 'http://127.0.0.1:1/' }
    expect((await shared.served.send(capturedEvent(photo))).status).toBe(503)
  })
})

describe('a version', () => {
  it('brings any labels with it, and serves within two seconds', async () => {
    await shared.serve(2, seededHead(['heron', 'otter'], 'river'), 2000)
    const answer = await shared.ask(await blockPhoto(1))
    expect(answer.model.version).toBe(2)
    expect(answer.labels.map(({ label }) => label).sort()).toEqual(['heron', 'otter'])
  })

  it('after version, swapped in under load: no request fails, each answer is of one of them', async () => {
    const heads = new Map([3, 4, 5, 6, 7].map((version) => [version, headOf(version)]))
    await shared.serve(3, heads.get(3)!)
    const photo = await blockPhoto('load')
    const asked = Array.from({ length: 100 }, () => shared.ask(photo))
    for (const version of [4, 5, 6]) await shared.serve(version, heads.get(version)!)
    const pointer = await shared.install(7, heads.get(7)!)
    const later = Array.from({ length: 10 }, () => shared.ask(photo))
    await shared.cache.point(pointer)
    const answers = await Promise.all([...asked, ...later])
    for (const answer of answers) expectWhole(answer, heads)
    await shared.settled(7)
    expect((await shared.ask(photo)).model.version).toBe(7)
  })

  it('on another backbone: requests that began on the old one finish there', async () => {
    const [oldHead, newHead] = [headOf(8), headOf(9)]
    await shared.serve(8, oldHead)
    const other = await shared.cache.backbone('another-name')
    const pointer = await shared.install(9, newHead, other)
    const photo = await blockPhoto('slow')
    // One whose photo arrives only when the old backbone has long been let go.
    const slow = await slowPhoto(photo)
    onTestFinished(() => slow.close())
    const waiting = shared.served.send(capturedEvent({ ...putPhoto(photo), url: slow.url }))
    await slow.asked
    let isSwapped = false
    const keepAsking = async () => {
      const answers: Answer[] = []
      while (!isSwapped) answers.push(await shared.ask(photo))
      return answers
    }
    const asking = Promise.all(Array.from({ length: 6 }, keepAsking))
    await shared.cache.point(pointer)
    await shared.settled(9).finally(() => {
      isSwapped = true
    })
    const answers = [...(await asking).flat(), await shared.ask(photo)]
    slow.arrive()
    const late = await readEventResponse(await waiting)
    expect(late).toMatchObject({
      type: 'photo.classified',
      data: { prediction: { model: { version: 8 } }, features: { backbone: await shared.cache.backbone() } },
    })
    const backbones = new Map(answers.map(({ model, features }) => [model.version, features.backbone]))
    expect(backbones.get(9)).toBe(other)
    expect(backbones.get(8)).toBe(await shared.cache.backbone())
    for (const answer of answers)
      expectWhole(
        answer,
        new Map([
          [8, oldHead],
          [9, newHead],
        ])
      )
  })
})

describe('a version that does not load', () => {
  const headFile = (version: number) => shared.cache.file(registryKeys.file('photos', version, 'head.bin'))
  const manifestFile = (version: number) => shared.cache.file(registryKeys.manifest('photos', version))
  const overwrite = async (file: string, change: (bytes: Buffer) => Uint8Array) => {
    const before = await readFile(file)
    await writeFile(file, change(before))
    return () => writeFile(file, before)
  }
  let version = 10

  it.each([
    [
      'a corrupt head',
      () => overwrite(headFile(version), (bytes) => Buffer.from(bytes).fill(1, 0, 9)),
      /match its manifest/,
    ],
    ['a head cut short', () => overwrite(headFile(version), truncated), /match its manifest/],
    ['a head that is missing', () => removed(headFile(version)), /ENOENT/],
    ['a manifest half written', () => overwrite(manifestFile(version), truncated), /not the one/],
    ['a manifest that is missing', () => removed(manifestFile(version)), /ENOENT/],
  ])('%s: the old one goes on, the status says why, and it heals', async (_, damage, why) => {
    await shared.serve(version - 1, headOf(version - 1))
    const pointer = await shared.install(version, headOf(version))
    const mend = await damage()
    await shared.cache.point(pointer)
    await shared.says({ wanted: version, serving: version - 1, why: expect.stringMatching(why) })
    expect((await shared.status()).why).toContain(`version ${version} does not load`)
    expect((await shared.ask(await blockPhoto(1))).model.version).toBe(version - 1)
    await mend()
    await shared.settled(version)
    version++
  })

  it('is given up for the version that comes after it, at once, and for the one before', async () => {
    await shared.serve(30, headOf(30))
    const good = await shared.install(30, headOf(30))
    const bad = await shared.install(31, headOf(31))
    await overwrite(headFile(31), truncated)
    await shared.cache.point(bad)
    await shared.says({ wanted: 31, serving: 30 })
    await shared.cache.point(good)
    await shared.settled(30)
    await shared.cache.point(bad)
    await shared.says({ wanted: 31, serving: 30 })
    await shared.serve(32, headOf(32))
  })

  it('a channel file half written, or with another manifest', async () => {
    await shared.serve(33, headOf(33))
    const file = shared.cache.file(registryKeys.channel('photos', 'stable'))
    const mend = await overwrite(file, truncated)
    await shared.says({ serving: 33, why: expect.stringContaining('channel file') })
    await mend()
    await shared.settled(33)
    const pointer = await shared.install(34, headOf(34))
    await shared.cache.point({ ...pointer, manifest: '0'.repeat(64) })
    await shared.says({ wanted: 34, serving: 33, why: expect.stringContaining('not the one') })
    await shared.cache.point(pointer)
    await shared.settled(34)
  })

  it('a head for another backbone, or a backbone that is missing', async () => {
    await shared.serve(40, headOf(40))
    await shared.cache.point(await shared.install(41, seededHead(['a', 'b'], 1, 7)))
    await shared.says({ wanted: 41, serving: 40, why: expect.stringContaining('7 features') })
    const missing = await shared.install(42, headOf(42), '1'.repeat(64))
    await shared.cache.point(missing)
    await shared.says({ wanted: 42, serving: 40, why: expect.stringContaining('cannot read') })
    expect((await shared.ask(await blockPhoto(1))).model.version).toBe(40)
  })
})

it('ends with whoever is being answered', async () => {
  const { served, serve, ask } = await start('ending')
  await serve(1, headOf(1))
  const photo = await blockPhoto(1)
  const asked = Promise.allSettled(Array.from({ length: 3 }, () => ask(photo)))
  await served.close()
  await asked
})

/** A photo store that is asked, and answers when it is told to. */
async function slowPhoto(photo: Uint8Array) {
  let wasAsked!: () => void
  let arrive!: () => void
  const asked = new Promise<void>((resolve) => {
    wasAsked = resolve
  })
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const server = await serve(async () => {
    wasAsked()
    await arrived
    return new Response(Buffer.from(photo))
  })
  return { ...server, asked, arrive }
}

/** A photo that is hard to compress. */
async function sharpNoise(side: number): Promise<Uint8Array> {
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 60 }
  return sharp({ create: { width: side, height: side, channels: 3, background: '#000', noise } })
    .png()
    .toBuffer()
}

async function removed(file: string): Promise<() => Promise<void>> {
  const before = await readFile(file)
  await rm(file)
  return () => writeFile(file, before)
}
