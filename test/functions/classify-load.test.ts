/** Many callers at a time: what is computed together, computed once, refused, or not computed at all. */
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  blockPhoto,
  type CacheFolder,
  type Classify,
  cacheFolder,
  seededHead,
  serveClassify,
  temporaryDirectory,
} from '../support/index.ts'

const BATCHES = ':tensorflow:serving:batching_session:input_batch_size_count'
const COMPUTED = ':tensorflow:serving:batching_session:input_batch_size_sum'
const PROCESSED = ':tensorflow:serving:batching_session:processed_batch_size_sum'

let workplace: Awaited<ReturnType<typeof temporaryDirectory>>
let cache: CacheFolder
/** Photos of which each is another one. */
let photos: Uint8Array[]

beforeAll(async () => {
  workplace = await temporaryDirectory('load')
  cache = cacheFolder(path.join(workplace.directory, 'cache'))
  await cache.point(await cache.version(1, seededHead(['a', 'b'], 1), await cache.backbone()))
  photos = await Promise.all(Array.from({ length: 40 }, (_, i) => blockPhoto(`load ${i}`)))
})
afterAll(() => workplace.remove())

async function start(environment: Record<string, string>): Promise<Classify> {
  const classify = await serveClassify(cache.directory, { RUNTIME: 'wasm', ...environment })
  onTestFinished(() => classify.close())
  await classify.says({ serving: 1 })
  return classify
}

describe('photos that come at the same time', () => {
  it('are computed together, in batches of few sizes', async () => {
    const classify = await start({ BATCH_SIZES: '1,4' })
    const answers = await Promise.all(photos.map((photo) => classify.post(photo)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(await classify.metric(COMPUTED)).toBe(photos.length)
    expect(await classify.metric(BATCHES)).toBeLessThan(photos.length / 2)
    const alone =
      (await classify.metric(BATCHES)) -
      (await classify.metric(`${PROCESSED.replace('_sum', '_bucket')}{le="1"}`))
    expect(await classify.metric(PROCESSED)).toBe(
      alone * 4 + (await classify.metric(`${PROCESSED.replace('_sum', '_bucket')}{le="1"}`))
    )
  })

  it('get the answers that they would get alone', async () => {
    const classify = await start({})
    const together = await Promise.all(photos.slice(0, 12).map((photo) => classify.post(photo)))
    const alone = await start({ BATCH_SIZES: '1' })
    for (const [i, response] of together.entries()) {
      const one = (await response.json()) as { confidence: number }
      const other = (await (await alone.post(photos[i]!)).json()) as { confidence: number }
      expect(one.confidence).toBeCloseTo(other.confidence, 4)
    }
  })

  it('and are the same one are computed once', async () => {
    const classify = await start({})
    const answers = await Promise.all(Array.from({ length: 20 }, () => classify.post(photos[0]!)))
    const texts = await Promise.all(answers.map((answer) => answer.text()))
    expect(new Set(texts).size).toBe(1)
    expect(await classify.metric(COMPUTED)).toBe(1)
    expect(await classify.metric('edgeloop_classify_cache_misses_total')).toBe(1)
    expect(await classify.metric('edgeloop_classify_cache_hits_total')).toBe(19)
  })
})

describe('too many photos', () => {
  it('are refused with 429, and served later', async () => {
    const classify = await start({ MAX_QUEUED: '3' })
    const answers = await Promise.all(photos.map((photo) => classify.post(photo)))
    const statuses = answers.map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200, 429]))
    const refused = answers.find(({ status }) => status === 429)!
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(await refused.json()).toMatchObject({
      code: 'OVERLOADED',
      error: '3 photos wait already',
      hint: 'try again in a moment',
    })
    expect((await classify.post(photos[statuses.indexOf(429)]!)).status).toBe(200)
    const served = statuses.filter((status) => status === 200).length
    expect(await classify.metric(':tensorflow:serving:request_count{model_name="photos",status="OK"}')).toBe(
      served + 1
    )
    expect(
      await classify.metric(':tensorflow:serving:request_count{model_name="photos",status="OVERLOADED"}')
    ).toBe(photos.length - served)
  })

  it('in the words of TensorFlow Serving', async () => {
    const classify = await start({ MAX_QUEUED: '1' })
    const answers = await Promise.all(photos.map((photo) => askAbout(classify, [photo])))
    const statuses = new Set(answers.map(({ status }) => status))
    expect(statuses).toEqual(new Set([200, 429]))
    const refused = answers.find(({ status }) => status === 429)!
    expect(refused.json.error).toContain('photos wait already')
  })

  it('but not for being those of one request', async () => {
    const classify = await start({ MAX_QUEUED: '1' })
    const { status, json } = await askAbout(classify, photos)
    expect(status, json.error).toBe(200)
    expect(json.predictions).toHaveLength(photos.length)
  })

  it('nor for their size, when there is nothing else in memory', async () => {
    const classify = await start({ MAX_HELD_BYTES: '1' })
    expect((await classify.post(photos[0]!)).status).toBe(200)
    expect((await askAbout(classify, photos.slice(0, 1))).status).toBe(200)
    const together = await Promise.all(photos.map((photo) => classify.post(photo)))
    expect(new Set(together.map(({ status }) => status))).toEqual(new Set([200, 429]))
    const refused = together.find(({ status }) => status === 429)!
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(await refused.json()).toMatchObject({ code: 'OVERLOADED', where: 'MAX_HELD_BYTES' })
    const asked = await Promise.all(photos.map((photo) => askAbout(classify, [photo])))
    expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([200, 429]))
  })
})

function askAbout(classify: Classify, about: readonly Uint8Array[]) {
  const instances = about.map((photo) => ({ b64: Buffer.from(photo).toString('base64') }))
  return classify.ask('photos:predict', { signature_name: 'image_bytes', instances })
}

describe('callers who have gone', () => {
  it('are not computed for', async () => {
    const classify = await start({ BATCH_SIZES: '1' })
    const leaving = new AbortController()
    const asked = photos.map((photo) => classify.post(photo, { signal: leaving.signal }))
    const [staying] = asked
    await Promise.race(asked)
    leaving.abort()
    await Promise.allSettled(asked)
    await staying?.catch(() => {})
    // Whoever comes now does not wait behind those who left.
    expect((await classify.post(await blockPhoto('late'))).status).toBe(200)
    expect(await classify.metric(COMPUTED)).toBeLessThan(photos.length / 2)
  })

  it('do not take the photo from those who asked for it, too', async () => {
    const classify = await start({ BATCH_SIZES: '1' })
    const leaving = new AbortController()
    const first = classify.post(photos[0]!, { signal: leaving.signal })
    const others = photos.slice(1, 8).map((photo) => classify.post(photo))
    const patient = classify.post(photos[0]!)
    leaving.abort()
    await expect(first).rejects.toThrow()
    expect((await patient).status).toBe(200)
    for (const other of others) expect((await other).status).toBe(200)
  })
})

describe('metrics', () => {
  it('have TensorFlow Serving’s names, and count what happened', async () => {
    const classify = await start({})
    for (const photo of photos.slice(0, 3)) await classify.post(photo)
    await classify.ask('photos:predict', { instances: [1] })
    await classify.ask('nobody:predict', { instances: [1] })
    const of = (series: string) => classify.metric(series)
    const count = ':tensorflow:serving:request_count'
    expect(await of(`${count}{model_name="photos",status="OK"}`)).toBe(3)
    expect(await of(`${count}{model_name="photos",status="INVALID_ARGUMENT"}`)).toBe(1)
    // A name that a stranger made up is no series of its own.
    expect(await of(`${count}{model_name="",status="NOT_FOUND"}`)).toBe(1)
    const latency = ':tensorflow:serving:request_latency'
    expect(await of(`${latency}_count{model_name="photos",API="photo",entrypoint="REST"}`)).toBe(3)
    expect(await of(`${latency}_sum{model_name="photos",API="photo",entrypoint="REST"}`)).toBeGreaterThan(
      3000
    )
    const runtime = '{model_name="efficientnet-lite0",API="predict",runtime="wasm"}'
    expect(await of(`:tensorflow:serving:runtime_latency_count${runtime}`)).toBe(3)
    const pool = '{thread_pool_name="efficientnet-lite0"}'
    expect(await of(`:tensorflow:serving:batching_session:queuing_latency_count${pool}`)).toBe(3)
    expect(await of('edgeloop_classify_decode_seconds_count')).toBe(3)
    expect(await of('edgeloop_classify_swap_seconds_count{model_name="photos"}')).toBe(1)
    expect(await of('edgeloop_classify_serving_version{model_name="photos"}')).toBe(1)
  })
})
