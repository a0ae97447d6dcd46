import { expect, it } from 'vitest'
import { createEvent } from '../lib/events/index.ts'
import { hashOf, sampleEvent, sampleOf } from '../test/support/index.ts'
import { uploadSize } from './upload-size.ts'

it('counts what goes to the cloud: samples by what is in them, answers as the little that they are', () => {
  const said = { edge: 'edge-1', photo: hashOf('a'), dataset: 'photos', audit: false, predicted: null }
  const labelled = createEvent('sample.labelled', 'test', ['a'], {
    ...said,
    ...{ by: 'ana', at: '2026-01-01T00:00:00.000Z', label: null, among: [] },
  })
  const small = uploadSize('upload-sample', labelled, 'features')
  expect(small).toBeGreaterThan(0)
  const review = sampleEvent(sampleOf('a', 'review', { features: null }))
  expect(uploadSize('upload-sample', review, 'features')).toBe(small)
  expect(uploadSize('upload-sample', review, 'review')).toBe(small + 1000)
  expect(uploadSize('another', labelled, 'features')).toBe(0)
})
