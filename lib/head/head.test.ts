import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeHead,
  encodeHead,
  type Head,
  predictLogits,
  predictScores,
  rankScores,
  softmax,
} from './index.ts'

const head: Head = {
  labels: ['ant', 'bee', 'cow'],
  weights: Float32Array.of(1, 0, 0, 1, -1, -1),
  bias: Float32Array.of(0, 0.5, 0),
  mean: Float32Array.of(0, 0),
  scale: Float32Array.of(1, 2),
  temperature: 2,
}

describe('a head', () => {
  it('gives logits and calibrated scores in the order of its labels', () => {
    expect([...predictLogits(head, Float32Array.of(2, 4))]).toEqual([2, 4.5, -6])
    const scores = predictScores(head, Float32Array.of(2, 4))
    const parts = [2, 4.5, -6].map((logit) => Math.exp(logit / 2))
    const sum = parts.reduce((a, b) => a + b)
    parts.forEach((part, k) => {
      expect(scores[k]).toBeCloseTo(part / sum, 6)
    })
    expect(rankScores(head.labels, scores).map(({ label }) => label)).toEqual(['bee', 'ant', 'cow'])
  })

  it('refuses features of another backbone', () => {
    expect(() => predictScores(head, new Float32Array(3))).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', message: expect.stringContaining('2 features') })
    )
  })

  it('survives logits that would overflow', () => {
    expect([...softmax([1e30, -1e30])]).toEqual([1, 0])
    expect([...softmax([-1e30, -1e30])]).toEqual([0.5, 0.5])
  })
})

describe('a stored head', () => {
  it('comes back as it was, from any offset, through JSON', () => {
    const finite = fc.float({ noNaN: true, noDefaultInfinity: true })
    const heads = fc
      .record({ k: fc.integer({ min: 2, max: 5 }), d: fc.integer({ min: 1, max: 9 }) })
      .chain(({ k, d }) => {
        const numbers = (n: number) =>
          fc.float32Array({ minLength: n, maxLength: n, noNaN: true, noDefaultInfinity: true })
        return fc.record({
          labels: fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: k, maxLength: k }),
          weights: numbers(k * d),
          bias: numbers(k),
          mean: numbers(d),
          scale: numbers(d).map((values) => values.map((value) => Math.abs(value) + 1e-6)),
          temperature: finite.map((value) => Math.abs(value) + 0.01),
        })
      })
    fc.assert(
      fc.property(heads, fc.integer({ min: 0, max: 5 }), (original, offset) => {
        const { json, bytes } = encodeHead(original)
        const shifted = new Uint8Array(bytes.length + offset)
        shifted.set(bytes, offset)
        const back = decodeHead(JSON.parse(JSON.stringify(json)), shifted.subarray(offset))
        expect(back).toEqual(original)
      })
    )
  })

  it('is little-endian: weights, bias, mean, scale', () => {
    const { bytes } = encodeHead(head)
    expect(bytes.length).toBe(4 * (6 + 3 + 2 + 2))
    expect([...bytes.subarray(0, 4)]).toEqual([0, 0, 0x80, 0x3f])
    expect(new DataView(bytes.buffer).getFloat32(bytes.length - 4, true)).toBe(2)
  })

  it.each([
    ['a byte is missing', (json: object, bytes: Uint8Array) => decodeHead(json, bytes.subarray(1))],
    [
      'the labels are not as many',
      (json: object, bytes: Uint8Array) => decodeHead({ ...json, labels: ['a', 'b'] }, bytes),
    ],
    [
      'labels repeat',
      (json: object, bytes: Uint8Array) => decodeHead({ ...json, labels: ['a', 'b', 'a'] }, bytes),
    ],
    [
      'the temperature is zero',
      (json: object, bytes: Uint8Array) => decodeHead({ ...json, temperature: 0 }, bytes),
    ],
    [
      'the format is another',
      (json: object, bytes: Uint8Array) => decodeHead({ ...json, format: 'x' }, bytes),
    ],
    [
      'a number is not finite',
      (json: object, bytes: Uint8Array) => decodeHead(json, new Uint8Array(bytes).fill(255, 0, 4)),
    ],
    [
      'a scale is zero',
      (json: object, bytes: Uint8Array) => decodeHead(json, new Uint8Array(bytes).fill(0, -4)),
    ],
  ])('is CORRUPT when %s', (_, read) => {
    const { json, bytes } = encodeHead(head)
    expect(() => read(json, bytes)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
  })

  it('is not written when it could not be read', () => {
    expect(() => encodeHead({ ...head, bias: Float32Array.of(0, Number.NaN, 0) })).toThrow(
      expect.objectContaining({ code: 'CORRUPT' })
    )
    expect(() => encodeHead({ ...head, bias: Float32Array.of(0) })).toThrow(
      expect.objectContaining({ code: 'CORRUPT' })
    )
  })
})
