/**
 * What the label queue asks of a bucket with many samples, in requests: 2,000 of them, and 10,000 with `npm run test:soak`,
 * which takes two minutes.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { labelQueue, labelSet, peopleAnswers } from '../lib/dataset/index.ts'
import type { ObjectStore } from '../lib/s3/index.ts'
import { type Bucket, hashOf, openBucket, sampleOf } from './support/index.ts'

const SAMPLES = process.env.EDGELOOP_SOAK ? 10_000 : 2000
/** Keys in an answer to a list request. */
const PAGE = 1000
const ANSWERED = SAMPLES / 5
const DATASET = 'large'

let bucket: Bucket

beforeAll(async () => {
  bucket = await openBucket()
  await labelSet(bucket.store, DATASET).add('cat')
  const { features: _features, uplink: _uplink, ...sample } = sampleOf(0, 'review')
  const put = async (from: number) => {
    for (let i = from; i < SAMPLES; i += 64) {
      const hash = hashOf(i)
      const band = i % 4 === 0 ? 'review' : 'accept'
      await bucket.store.putJson(`datasets/${DATASET}/samples/${hash}.json`, {
        ...{ ...sample, band, photo: { ...sample.photo, hash } },
        ...{ backbone: null, withPhoto: true },
      })
      if (i % 4 === 0 && i < ANSWERED * 4)
        await peopleAnswers(bucket.store, DATASET).record(
          { photo: hash, audit: false, predicted: 'cat' },
          { by: 'ana', at: '2026-01-01T00:00:00.000Z', label: 'cat', among: ['cat'] }
        )
    }
  }
  await Promise.all(Array.from({ length: 64 }, (_, from) => put(from)))
}, 300_000)

afterAll(() => bucket.close())

/** A queue as another process has it, and what it asks of the bucket. */
function counted() {
  const counts = { gets: 0, lists: 0, writes: 0 }
  const { store } = bucket
  const counting: ObjectStore = {
    ...store,
    getJson: (...args) => {
      counts.gets++
      return store.getJson(...args)
    },
    get: (...args) => {
      counts.gets++
      return store.get(...args)
    },
    async *list(...args) {
      let keys = 0
      counts.lists++
      for await (const object of store.list(...args)) {
        if (keys++ > 0 && keys % PAGE === 1) counts.lists++
        yield object
      }
    },
    putJson: (...args) => {
      counts.writes++
      return store.putJson(...args)
    },
    delete: (...args) => {
      counts.writes++
      return store.delete(...args)
    },
  }
  const queue = labelQueue({ store: counting, dataset: DATASET })
  /** What `work` costs. */
  async function cost(work: () => Promise<unknown>) {
    const before = { ...counts }
    await work()
    const { gets, lists, writes } = counts
    return { gets: gets - before.gets, lists: lists - before.lists, writes: writes - before.writes }
  }
  return { queue, cost }
}

it('reads each record once, ever; a process that starts later reads none of them', {
  timeout: 300_000,
}, async () => {
  const first = counted()
  // Every sample and every answer, and then what was gathered of both is written.
  const start = await first.cost(() => first.queue.claim('ana'))
  expect(start.gets).toBeGreaterThan(SAMPLES)
  expect(start.writes).toBe(3)
  expect(await first.queue.state()).toMatchObject({
    waiting: SAMPLES / 4 - ANSWERED - 1,
    claimed: 1,
    answered: ANSWERED,
  })

  // A few list requests for a thousand keys each, and a read of what was gathered.
  const later = counted()
  const pages = Math.ceil(SAMPLES / PAGE) + Math.ceil(ANSWERED / PAGE)
  const again = await later.cost(() => later.queue.claim('ben'))
  expect(again.gets).toBeLessThanOrEqual(10)
  expect(again.lists).toBeLessThanOrEqual(pages + 3)
  expect(again.writes).toBe(1)

  // From then on a claim does not depend on how many samples there are, while it looks at the order of a moment ago.
  const photo = (await later.queue.claim('ben'))[0]!.photo
  const answered = await later.cost(() => later.queue.answer({ photo, by: 'ben', label: 'cat' }))
  expect(answered.gets + answered.lists + answered.writes).toBeLessThanOrEqual(14)
  await later.queue.state()
  const next = await later.cost(() => later.queue.claim('ben'))
  expect(next).toEqual({ gets: 2, lists: 1, writes: 1 })

  const state = await later.cost(() => later.queue.state())
  expect(state.gets).toBeLessThanOrEqual(3)
  expect(state.lists).toBeLessThanOrEqual(pages + 3)
})
