import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import * as uploadSample from '../../functions/upload-sample/handler.ts'
import { sampleStore } from '../../lib/dataset/index.ts'
import { type EventData, eventRequest, readEventResponse, type Sample } from '../../lib/events/index.ts'
import { photoHash } from '../../lib/photo/index.ts'
import { objectStoreFromEnv } from '../../lib/s3/index.ts'
import {
  BACKBONE,
  type Bucket,
  hashOf,
  openBucket,
  openLine,
  type PhotoServer,
  sampleEvent,
  sampleOf,
  serve,
  serveFunction,
  servePhotos,
} from '../support/index.ts'

/** What makes a dead letter of an event. */
const TERMINAL = [400, 413, 415, 422]

let bucket: Bucket
let photos: PhotoServer

beforeAll(async () => {
  bucket = await openBucket()
  photos = await servePhotos()
})

afterAll(async () => {
  await photos.close()
  await bucket.close()
})

let datasets = 0

/** The function for a dataset of its own. */
async function start(settings: Record<string, string | undefined> = {}) {
  const dataset = `dataset-${++datasets}`
  const served = await serveFunction(uploadSample, { ...bucket.environment, DATASET: dataset, ...settings })
  onTestFinished(() => served.close())
  return {
    dataset,
    url: served.url,
    samples: sampleStore(bucket.store, dataset),
    keys: async () => (await bucket.keys(`datasets/${dataset}/`)).map((key) => key.split('/').at(-1)),
    send: (sample: Sample) => served.send(sampleEvent(sample)),
    async upload(sample: Sample): Promise<EventData<'sample.uploaded'> & { id: string }> {
      const response = await served.send(sampleEvent(sample))
      const event = await readEventResponse(response.clone())
      if (event?.type !== 'sample.uploaded') expect.fail(`${response.status}: ${await response.text()}`)
      return { ...event.data, id: event.id }
    },
  }
}

/** A sample whose photo is in the photo store. */
function stored(name: string, band: 'accept' | 'review', overrides: Partial<Sample> = {}): Sample {
  const bytes = Buffer.from(`photo ${name}`)
  const hash = photos.put(bytes)
  const photo = { hash, size: bytes.length, mediaType: 'image/png', url: photos.urlOf(hash) }
  return sampleOf(name, band, { photo, ...overrides })
}

describe('what goes up', () => {
  it('of an accepted sample: record and features', async () => {
    const { upload, keys, samples, dataset } = await start()
    const sample = stored('a', 'accept')
    const { hash } = sample.photo
    const uploaded = await upload(sample)
    expect(await keys()).toEqual([`${hash}.json`])
    const features = await bucket.store.get(`features/${BACKBONE}/${hash}`)
    expect(Buffer.from(features!.body).toString('base64')).toBe(sample.features!.values)
    const { url: _url, ...photo } = sample.photo
    expect(await samples.get(hash)).toEqual({
      ...{
        edge: 'edge-1',
        device: 'camera-1',
        sequence: 1,
        photo,
        audit: false,
        slice: false,
        band: 'accept',
      },
      ...{ prediction: sample.prediction, perceptualHash: sample.perceptualHash, reason: sample.reason },
      ...{ backbone: BACKBONE, withPhoto: false },
    })
    const record = await bucket.store.get(`datasets/${dataset}/samples/${hash}.json`)
    expect(uploaded).toEqual({
      ...{
        edge: 'edge-1',
        device: 'camera-1',
        sequence: 1,
        photo,
        band: 'accept',
        dataset,
        withPhoto: false,
      },
      bytes: record!.body.length + features!.body.length,
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  it.each([
    ['review', undefined, true],
    ['review', 'review', true],
    ['review', 'features', false],
    ['review', 'all', true],
    ['accept', undefined, false],
    ['accept', 'review', false],
    ['accept', 'features', false],
    ['accept', 'all', true],
  ] as const)('of %s under the policy %s: the photo? %s', async (band, uplink, withPhoto) => {
    const { upload, samples, keys } = await start()
    const sample = stored(`${band} ${uplink}`, band, { uplink })
    const { hash, size } = sample.photo
    const uploaded = await upload(sample)
    expect(uploaded).toMatchObject({ band, withPhoto })
    expect(await samples.get(hash)).toMatchObject({ band, withPhoto })
    expect(await keys()).toEqual(withPhoto ? [`${hash}.json`, `${hash}.photo`] : [`${hash}.json`])
    if (!withPhoto) return
    const photo = await samples.getPhoto(hash)
    expect(photo!.contentType).toBe('image/png')
    expect(photo!.body).toHaveLength(size)
  })

  it('without features: the record says so', async () => {
    const { upload, samples } = await start()
    const sample = stored('bare', 'review', { features: null })
    await upload(sample)
    expect(await samples.get(sample.photo.hash)).toMatchObject({ backbone: null, withPhoto: true })
    expect(await bucket.keys('features/')).not.toContain(`features/${BACKBONE}/${sample.photo.hash}`)
  })
})

describe('again', () => {
  it('changes nothing and answers the same', async () => {
    const { upload, dataset } = await start()
    const sample = stored('twice', 'review')
    const etags = async () => {
      const prefix = `datasets/${dataset}/`
      return Promise.all((await bucket.keys(prefix)).map(async (key) => (await bucket.store.head(key))!.etag))
    }
    const first = await upload(sample)
    const before = await etags()
    expect(await upload(sample)).toEqual(first)
    expect(await etags()).toEqual(before)
    expect(before).toHaveLength(2)
  })

  it('at the same time is one sample', async () => {
    const { upload, samples } = await start()
    const sample = stored('at once', 'review')
    const answers = await Promise.all(Array.from({ length: 5 }, () => upload(sample)))
    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect(await samples.list()).toEqual([sample.photo.hash])
  })

  it('decided otherwise by another edge: the first decision stands, and the answer says so', async () => {
    const { upload, samples } = await start()
    const sample = stored('two edges', 'review')
    const first = await upload(sample)
    const second = await upload({ ...sampleOf('two edges', 'accept'), photo: sample.photo, edge: 'edge-2' })
    expect(second).toMatchObject({ id: first.id, edge: 'edge-2', band: 'review', withPhoto: true })
    expect(await samples.get(sample.photo.hash)).toMatchObject({ edge: 'edge-1', band: 'review' })
  })
})

describe('the record comes last', () => {
  it.each(['features/', '.photo'])('a line that breaks at %s leaves no sample, and heals', async (part) => {
    const line = await openLine(bucket.environment.S3_ENDPOINT!)
    onTestFinished(() => line.close())
    const { send, upload, samples } = await start({ S3_ENDPOINT: line.url })
    const sample = stored(`broken at ${part}`, 'review')
    line.cut(({ method, path }) => method === 'PUT' && path.includes(part))
    const response = await send(sample)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await samples.list()).toEqual([])
    line.mend()
    await upload(sample)
    expect(await samples.list()).toEqual([sample.photo.hash])
  })

  it('an acknowledgement that is lost on the way is no second sample', async () => {
    const line = await openLine(bucket.environment.S3_ENDPOINT!)
    onTestFinished(() => line.close())
    const { send, upload, samples } = await start({ S3_ENDPOINT: line.url })
    const sample = stored('lost', 'accept')
    line.cutAnswers(({ path }) => path.includes('.json'))
    expect((await send(sample)).status).toBe(503)
    line.mend()
    expect(await samples.list()).toEqual([sample.photo.hash])
    expect(await upload(sample)).toMatchObject({ band: 'accept' })
    expect(await samples.list()).toEqual([sample.photo.hash])
  })
})

describe('a large photo', () => {
  /** What a camera of many pixels makes, in the photo store. */
  function large(): Sample {
    const bytes = randomBytes(20_000_000)
    const hash = photos.put(bytes)
    const photo = { hash, size: bytes.length, mediaType: 'image/jpeg', url: photos.urlOf(hash) }
    return sampleOf(hash, 'review', { photo })
  }
  const unfinished = () => bucket.store.abortUploads('', new Date(Date.now() + 60_000))

  it('whose line breaks in the middle goes on where it was, and is one object', async () => {
    const line = await openLine(bucket.environment.S3_ENDPOINT!)
    onTestFinished(() => line.close())
    const { send, upload, keys, samples } = await start({ S3_ENDPOINT: line.url })
    const sample = large()
    const { hash, size } = sample.photo
    line.endAfter(size / 2, 'cut')
    expect((await send(sample)).status).toBe(503)
    expect(await keys()).toEqual([])
    line.mend()
    const before = line.carried.up
    const uploaded = await upload(sample)
    const sent = line.carried.up - before
    expect(sent).toBeGreaterThan(size / 2)
    expect(sent).toBeLessThan(0.8 * size)
    expect(await keys()).toEqual([`${hash}.json`, `${hash}.photo`])
    const found = await samples.getPhoto(hash)
    expect(photoHash(found!.body)).toBe(hash)
    expect(found!.contentType).toBe('image/jpeg')
    expect(await unfinished()).toBe(0)
    // Once it is there, nothing of it is sent again, and the answer is the same.
    const again = line.carried.up
    expect(await upload(sample)).toEqual(uploaded)
    expect(line.carried.up - again).toBeLessThan(100_000)
  })

  it('comes through a line that breaks again and again, a part at a time', async () => {
    const line = await openLine(bucket.environment.S3_ENDPOINT!)
    onTestFinished(() => line.close())
    const { send, samples } = await start({ S3_ENDPOINT: line.url })
    const sample = large()
    let attempts = 0
    for (let status = 0; status !== 200; attempts++) {
      line.mend()
      line.endAfter(7_000_000, 'cut')
      status = (await send(sample)).status
      expect([200, 503]).toContain(status)
      expect(attempts).toBeLessThan(8)
    }
    expect(attempts).toBeGreaterThan(2)
    expect(photoHash((await samples.getPhoto(sample.photo.hash))!.body)).toBe(sample.photo.hash)
  })

  it('that two edges upload at the same time is one object', async () => {
    const { upload, keys } = await start()
    const sample = large()
    const [one, other] = await Promise.all([upload(sample), upload({ ...sample, edge: 'edge-2' })])
    expect(one.id).toBe(other.id)
    const { hash } = sample.photo
    expect(await keys()).toEqual([`${hash}.json`, `${hash}.photo`])
    expect(await unfinished()).toBe(0)
  })

  it('that nobody waits for any more is not sent on', async () => {
    const line = await openLine(bucket.environment.S3_ENDPOINT!)
    onTestFinished(() => line.close())
    const { url, keys } = await start({ S3_ENDPOINT: line.url })
    const leaving = new AbortController()
    let mayGoOn = () => {}
    const held = new Promise<boolean>((resolve) => {
      mayGoOn = () => resolve(false)
    })
    let isHeld = false
    line.cut(({ path }) => {
      if (!path.includes('partNumber=2')) return false
      isHeld = true
      return held
    })
    const sending = fetch(eventRequest(`${url}/`, sampleEvent(large())), { signal: leaving.signal })
    const left = expect(sending).rejects.toThrow()
    await vi.waitFor(() => expect(isHeld).toBe(true), { timeout: 20_000 })
    leaving.abort()
    await left
    await sleep(100)
    const before = line.carried.up
    mayGoOn()
    await sleep(500)
    // What the sockets held of that part.
    expect(line.carried.up - before).toBeLessThan(5 * 2 ** 20)
    expect(await keys()).toEqual([])
    expect(await unfinished()).toBe(1)
  })

  it('takes along what was given up more than a day ago, and nothing else', async () => {
    const { dataset, upload } = await start()
    onTestFinished(() => void vi.useRealTimers())
    for (const hours of [25, 23]) {
      const line = await openLine(bucket.environment.S3_ENDPOINT!)
      const store = objectStoreFromEnv({ ...bucket.environment, S3_ENDPOINT: line.url })
      // The bucket's server is in this process, and has this clock, too.
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - hours * 3_600_000 })
      line.endAfter(6_000_000, 'cut')
      const key = `datasets/${dataset}/samples/${hours}.photo`
      await expect(store.putInParts(key, randomBytes(20_000_000))).rejects.toThrow('out of reach')
      vi.useRealTimers()
      store.close()
      await line.close()
    }
    await upload(large())
    expect(await unfinished()).toBe(1)
  })
})

describe('what is no fault of the event is never terminal', () => {
  it.each([
    ['a store out of reach', { S3_ENDPOINT: 'http://127.0.0.1:1' }, 503],
    ['wrong credentials', { S3_SECRET_ACCESS_KEY: 'wrong' }, 401],
    ['an unknown key', { S3_ACCESS_KEY_ID: 'stranger' }, 401],
    ['no such bucket', { S3_BUCKET: 'missing' }, 404],
    ['no endpoint', { S3_ENDPOINT: undefined }, 500],
    ['an endpoint that is none', { S3_ENDPOINT: 'nowhere' }, 500],
    ['no secrets', { S3_SECRET_ACCESS_KEY: undefined, SECRETS_DIR: '/nowhere' }, 500],
    ['a dataset that is no name', { DATASET: 'My Photos' }, 500],
  ])('%s', async (_, wrong, status) => {
    const { send } = await start(wrong)
    const response = await send(sampleOf('x', 'accept'))
    expect(TERMINAL).not.toContain(response.status)
    expect(response.status).toBe(status)
    expect(await response.text()).not.toContain('test-secret')
  })

  it('a photo store out of reach, or in trouble, or that breaks off', async () => {
    const { send } = await start()
    const troubled = await serve(() => new Response('later', { status: 500 }))
    const target = stored('broken off', 'review').photo
    const line = await openLine(new URL(target.url!).origin)
    line.cutAnswers(() => true)
    onTestFinished(() => troubled.close())
    onTestFinished(() => line.close())
    for (const url of ['http://127.0.0.1:1/x', troubled.url, `${line.url}/photos/${target.hash}`]) {
      const sample = sampleOf('x', 'review')
      const response = await send({ ...sample, photo: { ...sample.photo, url } })
      expect(response.status).toBe(503)
    }
  })

  it('bytes that are not those of the photo', async () => {
    const { send, keys } = await start()
    const sample = stored('other bytes', 'review')
    const response = await send({ ...sample, photo: { ...sample.photo, hash: hashOf('x') } })
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ code: 'CORRUPT' })
    expect(await keys()).toEqual([])
  })
})

describe('what is refused for good', () => {
  it('a photo that has gone, where the policy wants it', async () => {
    const { send, upload, keys } = await start()
    const sample = stored('gone', 'review')
    photos.remove(sample.photo.hash)
    const response = await send(sample)
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ error: expect.stringContaining('no longer on this node') })
    expect(await keys()).toEqual([])
    expect(await upload({ ...sample, uplink: 'features' })).toMatchObject({ withPhoto: false })
  })

  it('a sample that brings neither features nor a photo: every training would fail on it', async () => {
    const { send, keys } = await start()
    for (const [band, uplink] of [
      ['accept', 'review'],
      ['review', 'features'],
    ] as const) {
      const response = await send(stored('nothing', band, { features: null, uplink }))
      expect([response.status, await response.json()]).toMatchObject([400, { where: 'data.features' }])
    }
    expect(await keys()).toEqual([])
  })

  it('a photo that is nowhere, features that are none, and other events', async () => {
    const { send, dataset } = await start()
    const nowhere = await send(sampleOf('x', 'review'))
    expect([nowhere.status, await nowhere.json()]).toMatchObject([400, { where: 'data.photo.url' }])
    for (const values of ['', Buffer.alloc(3).toString('base64'), 'no base64!']) {
      const response = await send(sampleOf('x', 'accept', { features: { backbone: BACKBONE, values } }))
      expect([response.status, await response.json()]).toMatchObject([400, { where: 'data.features.values' }])
    }
    expect((await send({ ...sampleOf('x', 'accept'), uplink: 'some' as 'all' })).status).toBe(400)
    expect(await bucket.keys(`datasets/${dataset}/`)).toEqual([])
  })
})
