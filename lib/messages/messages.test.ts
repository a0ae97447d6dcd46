import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EdgeloopError } from '../errors/index.ts'
import { deviceNameSchema, isRefusedForGood, readAnswer, readReceipt } from './index.ts'

const photo = 'ab'.repeat(32)
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

describe('readReceipt', () => {
  it.each([[{ photo, sequence: 0 }], [{ photo, error: 'the disk is full', code: 'OVERLOADED' }]])(
    'reads %j',
    (receipt) => {
      expect(readReceipt(bytes(receipt))).toEqual(receipt)
    }
  )

  it('passes over fields that a later version may add', () => {
    expect(readReceipt(bytes({ photo, sequence: 1, novel: true }))).toEqual({ photo, sequence: 1 })
  })

  it.each([
    ['no JSON', 'ok'],
    ['nothing', ''],
    ['no hash', { photo: 'cat.jpg', sequence: 1 }],
    ['no sequence', { photo }],
    ['half a refusal', { photo, error: 'why' }],
    ['a negative sequence', { photo, sequence: -1 }],
    ['a list', [{ photo, sequence: 1 }]],
    ['null', null],
    ['too much', { photo, sequence: 1, padding: 'x'.repeat(70_000) }],
  ])('refuses %s', (_, value) => {
    expect(() => readReceipt(bytes(value))).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it('refuses any bytes with a clear error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => {
        expect(() => readReceipt(payload)).toThrow(EdgeloopError)
      })
    )
  })
})

describe('isRefusedForGood', () => {
  it.each([
    [{ photo, sequence: 1 }, false],
    [{ photo, error: 'not a photo', code: 'UNSUPPORTED_MEDIA' }, true],
    [{ photo, error: 'the disk is full', code: 'OVERLOADED' }, false],
    [{ photo, error: 'of a later version', code: 'NOVEL' }, false],
  ])('%j: %s', (receipt, forGood) => {
    expect(isRefusedForGood(receipt)).toBe(forGood)
  })
})

describe('readAnswer', () => {
  const answer = {
    photo,
    model: { name: 'pets', version: 3 },
    labels: [
      { label: 'cat', score: 0.9 },
      { label: 'dog', score: 0.1 },
    ],
    confidence: 0.87,
  }

  it('reads what was recognised and what was not', () => {
    expect(readAnswer(bytes(answer))).toEqual(answer)
    expect(readAnswer(bytes({ photo, error: 'it does not decode' }))).toEqual({
      photo,
      error: 'it does not decode',
    })
  })

  it.each([
    ['no labels', { ...answer, labels: [] }],
    ['a score above one', { ...answer, labels: [{ label: 'cat', score: 90 }] }],
    ['no model', { ...answer, model: undefined }],
    ['a confidence that is no number', { ...answer, confidence: 'high' }],
  ])('refuses %s', (_, value) => {
    expect(() => readAnswer(bytes(value))).toThrow(EdgeloopError)
  })
})

describe('deviceNameSchema', () => {
  it.each(['pi', 'barn-2', 'Pi_4.left', '7'])('takes %s', (name) => {
    expect(deviceNameSchema.safeParse(name).success).toBe(true)
  })

  it.each(['', '+', '#', 'a/b', '../x', '.hidden', 'a b', 'naïve', 'x'.repeat(64)])('refuses %j', (name) => {
    expect(deviceNameSchema.safeParse(name).success).toBe(false)
  })
})
