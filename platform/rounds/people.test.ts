import { afterAll, beforeAll, expect, it } from 'vitest'
import { labelSet, peopleAnswers, sampleStore } from '../../lib/dataset/index.ts'
import { BACKBONE, type Bucket, openBucket, sampleOf } from '../../test/support/index.ts'
import type { Platform } from '../platform.ts'
import { createPeople } from './people.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openBucket()
})
afterAll(() => bucket.close())

it('do not keep anybody waiting for a broker that is gone', async () => {
  const { features: _features, uplink: _uplink, ...sample } = sampleOf(1, 'review')
  const record = { ...sample, band: 'review' as const, backbone: BACKBONE, withPhoto: false }
  const samples = sampleStore(bucket.store, 'gone')
  await samples.put({ record, features: null, photo: null })
  await labelSet(bucket.store, 'gone').add('cat')
  const publish = () => new Promise<void>(() => {})
  const platform = { store: bucket.store, dataset: 'gone', publish } as unknown as Platform
  const stopping = new AbortController()
  const people = createPeople(platform, () => 'cat', stopping.signal)
  const answering = people.answer(1)
  const answers = peopleAnswers(bucket.store, 'gone')
  await expect
    .poll(() => answers.get(record.photo.hash), { timeout: 15_000 })
    .toMatchObject({ answers: [{ label: 'cat', by: 'simulated-person' }] })
  stopping.abort(new Error('stopped'))
  await expect(answering).rejects.toThrow('stopped')
})
