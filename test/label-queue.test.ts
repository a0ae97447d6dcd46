import { afterAll, beforeAll, expect, it } from 'vitest'
import { labelQueue, sampleStore } from '../lib/dataset/index.ts'
import type { EdgeloopEvent } from '../lib/events/index.ts'
import { BACKBONE, type Bucket, hashOf, openBucket, sampleOf } from './support/index.ts'

let bucket: Bucket

beforeAll(async () => {
  bucket = await openBucket()
})

afterAll(() => bucket.close())

const published: EdgeloopEvent[] = []

async function put(
  dataset: string,
  name: string,
  band: 'accept' | 'review',
  confidence = 0.5,
  audit = false
) {
  const { features: _features, uplink: _uplink, prediction, ...rest } = sampleOf(name, band, { audit })
  const record = { ...rest, band, prediction: { ...prediction!, confidence }, backbone: BACKBONE }
  await sampleStore(bucket.store, dataset).put({
    record: { ...record, withPhoto: false },
    features: null,
    photo: null,
  })
}

it('has audited samples first, then the least certain ones, and none that is accepted or answered', async () => {
  const queue = labelQueue(bucket.store, 'order', async (event) => void published.push(event))
  expect(await queue.waiting()).toEqual([])
  await put('order', 'sure', 'review', 0.9)
  await put('order', 'unsure', 'review', 0.55)
  await put('order', 'audited', 'review', 0.99, true)
  await put('order', 'accepted', 'accept', 0.97)
  const names = async () => (await queue.waiting()).map(({ photo }) => photo.hash)
  expect(await names()).toEqual([hashOf('audited'), hashOf('unsure'), hashOf('sure')])

  await queue.answer({ photo: hashOf('unsure'), label: 'cat', by: 'somebody' })
  expect(await names()).toEqual([hashOf('audited'), hashOf('sure')])
  expect(await queue.answered()).toBe(1)
  expect(await sampleStore(bucket.store, 'order').getLabel(hashOf('unsure'))).toMatchObject({
    label: 'cat',
    by: 'somebody',
  })
  expect(published).toMatchObject([
    { type: 'sample.labelled', data: { photo: hashOf('unsure'), label: 'cat', dataset: 'order' } },
  ])
})

it('keeps an answer that nobody could be told about', async () => {
  const queue = labelQueue(bucket.store, 'deaf', () => Promise.reject(new Error('out of reach')))
  await put('deaf', 'a', 'review')
  await expect(queue.answer({ photo: hashOf('a'), label: 'dog', by: 'me' })).rejects.toThrow('out of reach')
  expect(await queue.waiting()).toEqual([])
})
