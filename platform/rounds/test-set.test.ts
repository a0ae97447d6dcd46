import { afterAll, beforeAll, expect, it } from 'vitest'
import { defaultBackboneDir } from '../../lib/backbone/index.ts'
import { type Bucket, blockPhoto, openBucket, publishModel } from '../../test/support/index.ts'
import type { Platform } from '../platform.ts'
import type { LabelledPhoto } from './supply.ts'
import { createTestSet } from './test-set.ts'

let bucket: Bucket
let platform: Pick<Platform, 'store' | 'model' | 'backbones'>
beforeAll(async () => {
  bucket = await openBucket()
  await publishModel(bucket.store, 'photos')
  const backbones = { folderOf: async () => defaultBackboneDir } as Partial<Platform['backbones']>
  platform = { store: bucket.store, model: 'photos', backbones: backbones as Platform['backbones'] }
})
afterAll(() => bucket.close())

const signal = AbortSignal.timeout(20_000)
const photo = async (seed: number, share = 1): Promise<LabelledPhoto> => {
  const bytes = await blockPhoto(seed)
  const read = async () => bytes.subarray(0, bytes.length * share)
  return { label: 'cat', name: `cat/${seed}.jpg`, read }
}

it('leaves a photo out that cannot be decoded, and says which', async () => {
  const skipped: string[] = []
  const photos = await Promise.all([photo(1), photo(2, 0.3), photo(3)])
  const set = createTestSet(platform, photos, signal, (name) => skipped.push(name))
  expect([0, 0.5, 1]).toContain(await set.accuracy(1))
  expect(skipped).toEqual(['cat/2.jpg'])
})

it('of nothing but such photos is an error', async () => {
  const set = createTestSet(platform, [await photo(1, 0.3)], signal, () => {})
  await expect(set.accuracy(1)).rejects.toMatchObject({ message: 'none of the test photos can be decoded' })
})
