/** The label queue in the bucket with several people and processes at once, some of which end in the middle of a step. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  doubtStore,
  type LabelQueueOptions,
  labelQueue,
  labelSet,
  peopleAnswers,
  sampleStore,
} from '../lib/dataset/index.ts'
import { EdgeloopError } from '../lib/errors/index.ts'
import type { LabelQueue } from '../lib/labelling/index.ts'
import type { ObjectStore } from '../lib/s3/index.ts'
import { type Bucket, hashOf, openBucket, sampleOf } from './support/index.ts'

let bucket: Bucket

beforeAll(async () => {
  bucket = await openBucket()
})

afterAll(() => bucket.close())

afterEach(() => void vi.useRealTimers())

let datasets = 0

/** A dataset of its own with photos that wait. */
async function openDataset(photos: number) {
  const dataset = `races-${++datasets}`
  for (const label of ['ant', 'bee', 'cat']) await labelSet(bucket.store, dataset).add(label)
  const { features: _features, uplink: _uplink, ...sample } = sampleOf(0, 'review')
  const hashes = Array.from({ length: photos }, (_, i) => hashOf(`${dataset} ${i}`))
  const samples = sampleStore(bucket.store, dataset)
  await Promise.all(
    hashes.map((hash) =>
      samples.put({
        record: {
          ...{ ...sample, band: 'review', photo: { ...sample.photo, hash } },
          ...{ backbone: null, withPhoto: true },
        },
        features: null,
        photo: null,
      })
    )
  )
  /** As another process has it. */
  const open = (more: Partial<LabelQueueOptions> = {}) =>
    labelQueue({ store: bucket.store, dataset, ...more })
  const answers = () => peopleAnswers(bucket.store, dataset).all()
  return { dataset, hashes, open, answers }
}

const photosOf = async (queue: LabelQueue, by: string, count = 1) =>
  (await queue.claim(by, { count })).map(({ photo }) => photo)

describe('several processes at once', () => {
  it('ask about each photo once', async () => {
    const { hashes, open, answers } = await openDataset(24)
    const asked: string[] = []
    async function work(queue: LabelQueue, by: string): Promise<void> {
      for (;;) {
        const claimed = await photosOf(queue, by, 2)
        if (claimed.length === 0) return
        for (const photo of claimed) {
          asked.push(photo)
          await queue.answer({ photo, by, label: 'ant' })
        }
      }
    }
    const queues = [open(), open(), open()]
    await Promise.all(queues.flatMap((queue, i) => ['ana', 'ben'].map((name) => work(queue, `${name} ${i}`))))
    expect(asked.toSorted()).toEqual(hashes.toSorted())
    for (const { value } of (await answers()).values()) expect(value.answers).toHaveLength(1)
    expect(await open().state()).toMatchObject({ waiting: 0, claimed: 0, answered: 24 })
  })

  it('see what another one answered a moment ago, whatever they saw before', async () => {
    const { hashes, open } = await openDataset(2)
    const [one, another] = [open(), open()]
    expect(await another.state()).toMatchObject({ waiting: 2 })
    const [held] = await photosOf(another, 'ben')
    const free = hashes.find((photo) => photo !== held)!
    await one.answer({ photo: free, by: 'ana', label: 'ant' })
    expect(await photosOf(another, 'ben', 2)).toEqual([held])
    expect(await another.state()).toMatchObject({ waiting: 0, claimed: 1, answered: 1 })
  })

  it('add labels at the same time', async () => {
    const { hashes, open } = await openDataset(6)
    const given = hashes.map((photo, i) =>
      open().answer({ photo, by: `person ${i}`, label: `label ${i % 3}`, isNew: true })
    )
    await Promise.all(given)
    expect((await open().state()).labels).toEqual(['ant', 'bee', 'cat', 'label 0', 'label 1', 'label 2'])
  })

  it('whose clocks are some seconds apart take nothing from each other', async () => {
    const { hashes, open } = await openDataset(1)
    const claimMs = 60_000
    await photosOf(open({ claimMs }), 'ana')
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + claimMs + 8000)
    expect(await photosOf(open({ claimMs }), 'ben')).toEqual([])
    vi.setSystemTime(Date.now() + 4000)
    expect(await photosOf(open({ claimMs }), 'ben')).toEqual(hashes)
  })

  it('give a claim anew to whoever goes on with it', async () => {
    const { hashes, open } = await openDataset(1)
    const claimMs = 60_000
    const ana = open({ claimMs })
    const [first] = await ana.claim('ana')
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + claimMs * 0.6)
    const [again] = await ana.claim('ana')
    expect(again).toMatchObject({ photo: hashes[0] })
    expect(Date.parse(again!.until)).toBeGreaterThan(Date.parse(first!.until))
  })
})

/** What one process does to the bucket, and what somebody else finds afterwards. */
const STEPS: Readonly<Record<string, (queue: LabelQueue, photo: string) => Promise<unknown>>> = {
  claim: (queue) => queue.claim('ana'),
  answer: (queue, photo) => queue.answer({ photo, by: 'ana', label: 'ant' }),
  'a new label': (queue, photo) => queue.answer({ photo, by: 'ana', label: 'dog', isNew: true }),
  neither: (queue, photo) => queue.answer({ photo, by: 'ana', label: null }),
  skip: (queue, photo) => queue.skip(photo, 'ana'),
  undo: (queue) => queue.undo('ana'),
}

describe.each(Object.entries(STEPS))('a process that ends in the middle of: %s', (name, step) => {
  const undoes = name === 'undo'

  it.each(['before', 'after'] as const)('%s any of its writes', async (when) => {
    const { hashes, open, answers, dataset } = await openDataset(1)
    const [photo] = hashes
    let writes = 0
    for (let last = 1; ; last++) {
      // As it was before.
      for (const key of await bucket.keys(`datasets/${dataset}/`))
        if (/\/(labels|claims|people)\//.test(key)) await bucket.store.delete(key)
      if (undoes) await open().answer({ photo: photo!, by: 'ana', label: 'ant' })
      // Whoever answers has the photo.
      else if (name !== 'claim') await photosOf(open(), 'ana')

      const ending = endingAt(bucket.store, last, when)
      const outcome = await step(open({ store: ending.store }), photo!).then(
        () => 'done',
        (error: unknown) => (error as EdgeloopError).code
      )
      writes = ending.writes()
      expect(outcome).toBe(writes < last ? 'done' : 'UNAVAILABLE')
      if (outcome === 'done') break

      // The same person comes again, in another process, and does the same.
      const later = open()
      await expect(photosOf(later, 'ben')).resolves.not.toThrow()
      await step(later, photo!)
      const { waiting, claimed, answered } = await open().state()
      expect(waiting + claimed + answered).toBe(1)
      const given = (await answers()).get(photo!)?.value.answers ?? []
      expect(given.filter(({ by }) => by === 'ana')).toHaveLength(/claim|skip|undo/.test(name) ? 0 : 1)
    }
    expect(writes).toBeGreaterThan(name === 'claim' ? 0 : 1)
  })
})

describe('what an ended process leaves behind', () => {
  it('is a claim that expires, and is cleared away where the photo has been answered', async () => {
    const { dataset, hashes, open } = await openDataset(2)
    const short = { claimMs: 300, clocksApartMs: 100 }
    const claimed = await photosOf(open(short), 'ana')
    // The answer was written, and the claim did not end.
    const store = {
      ...bucket.store,
      delete: () => Promise.reject(new EdgeloopError('UNAVAILABLE', 'killed')),
    }
    await expect(
      open({ ...short, store }).answer({ photo: claimed[0]!, by: 'ana', label: 'ant' })
    ).rejects.toThrow('killed')
    await vi.waitFor(async () => expect(await photosOf(open(short), 'ben', 2)).toHaveLength(1), 5000)
    await vi.waitFor(async () => {
      await photosOf(open(short), 'ben', 2)
      expect(await bucket.keys(`datasets/${dataset}/claims/`)).toHaveLength(1)
    }, 5000)
    expect(await open().state()).toMatchObject({ answered: 1 })
    expect(hashes).toContain(claimed[0])
  })
})

describe('a second person', () => {
  it('is asked after what measures and before what teaches, the most improbable label first', async () => {
    const { dataset, hashes, open } = await openDataset(4)
    const [improbable, doubted, free, audited] = hashes
    for (const photo of [improbable!, doubted!]) await open().answer({ photo, by: 'ana', label: 'ant' })
    await doubtStore(bucket.store, dataset).write('000001', [
      { photo: doubted!, label: 'ant', probability: 0.09 },
      { photo: improbable!, label: 'ant', probability: 0.01 },
    ])
    const samples = sampleStore(bucket.store, dataset)
    const { slice: _slice, ...sample } = (await samples.get(audited!))!
    await bucket.store.putJson(`datasets/${dataset}/samples/${audited}.json`, { ...sample, slice: true })
    expect(await photosOf(open(), 'ben', 4)).toEqual([audited, improbable, doubted, free])
    expect((await open().waiting()).map(({ sample }) => sample.photo)).toEqual([])
  })
})

/**
 * The store of a process that ends at its nth write, before or after the bucket has it.
 */
function endingAt(store: ObjectStore, last: number, when: 'before' | 'after') {
  let writes = 0
  const killed = () => Promise.reject(new EdgeloopError('UNAVAILABLE', 'killed'))
  const writing =
    <A extends unknown[], R>(write: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      writes++
      if (writes > last || (writes === last && when === 'before')) return killed()
      const written = await write(...args)
      return writes === last ? killed() : written
    }
  return {
    writes: () => writes,
    store: {
      ...store,
      put: writing(store.put),
      putJson: writing(store.putJson),
      delete: writing(store.delete),
    } satisfies ObjectStore,
  }
}
