import { expect, test } from 'vitest'
import { readRange } from './range.ts'
import type { ObjectRecord } from './records.ts'

const object = { size: 10, etag: 'e' } as ObjectRecord

test.each([
  [undefined, undefined],
  ['bytes=0-', { start: 0, end: 10 }],
  ['bytes=3-3', { start: 3, end: 4 }],
  ['bytes=9-100', { start: 9, end: 10 }],
  ['bytes=-3', { start: 7, end: 10 }],
  ['bytes=-30', { start: 0, end: 10 }],
  ['bytes=5-3', undefined],
  ['bytes=0-1,3-4', undefined],
  ['bytes=-', undefined],
  ['lines=0-1', undefined],
])('%s', (range, expected) => {
  expect(readRange({ range }, object)).toEqual(expected)
})

test.each(['bytes=10-', 'bytes=10-20', 'bytes=-0'])('%s lies outside', (range) => {
  expect(() => readRange({ range }, object)).toThrow(expect.objectContaining({ code: 'InvalidRange' }))
})

test('If-Range: the part of that version, else the whole', () => {
  expect(readRange({ range: 'bytes=0-0', 'if-range': '"e"' }, object)).toEqual({ start: 0, end: 1 })
  expect(readRange({ range: 'bytes=0-0', 'if-range': '"other"' }, object)).toBeUndefined()
})
