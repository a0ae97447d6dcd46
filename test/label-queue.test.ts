import { afterAll, beforeAll } from 'vitest'
import { doubtStore, labelQueue, labelSet, sampleStore } from '../lib/dataset/index.ts'
import { labelQueueContract } from '../lib/labelling/label-queue.contract.ts'
import { photoHash } from '../lib/photo/index.ts'
import { type Bucket, openBucket, sampleOf } from './support/index.ts'

let bucket: Bucket

beforeAll(async () => {
  bucket = await openBucket()
})

afterAll(() => bucket.close())

let datasets = 0

labelQueueContract('in the bucket', async ({ labels, claimMs }) => {
  const dataset = `contract-${++datasets}`
  const { store } = bucket
  for (const label of labels) await labelSet(store, dataset).add(label)
  const open = () => labelQueue({ store, dataset, claimMs, clocksApartMs: 500 })
  return {
    queue: open(),
    async add({ bytes, edge, device, audit, prediction }) {
      const { features: _features, uplink: _uplink, ...sample } = sampleOf('', 'review', { audit })
      const photo = { hash: photoHash(bytes), size: bytes.length, mediaType: 'image/jpeg' }
      const record = { ...sample, edge, device, photo, prediction, backbone: null, withPhoto: true }
      await sampleStore(store, dataset).put({
        record: { ...record, band: 'review' },
        features: null,
        photo: bytes,
      })
    },
    doubt: (photo, label) =>
      doubtStore(store, dataset).write('000001', [{ photo, label, probability: 0.05 }]),
    reopen: async () => open(),
    async close() {},
  }
})
