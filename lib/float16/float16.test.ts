import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFloat16, decodeFloat16Base64, encodeFloat16, encodeFloat16Base64 } from './index.ts'

const half = (number: number) => {
  const [low, high] = encodeFloat16(Float32Array.of(number))
  return low! | (high! << 8)
}
const everyHalf = () => new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer)

describe('float16', () => {
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [-1e30, 0xfc00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.001, 0x0001],
    [3 * 2 ** -25, 0x0002],
    [2 ** -14 - 2 ** -25, 0x0400],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2 - 2 ** -12, 0x4000],
    [1e-40, 0x0000],
  ])('encodes %d as %i', (number, bits) => expect(half(number)).toBe(bits))

  it('keeps NaN, also one whose payload is in the low bits', () => {
    const lowPayload = new Float32Array(Uint32Array.of(0x7f800001).buffer)
    expect(decodeFloat16(encodeFloat16(lowPayload))[0]).toBeNaN()
    expect(decodeFloat16(encodeFloat16(Float32Array.of(Number.NaN)))[0]).toBeNaN()
  })

  it('brings every one of the 65,536 bit patterns back', () => {
    const patterns = new Uint16Array(everyHalf().buffer)
    const back = new Uint16Array(encodeFloat16(decodeFloat16(everyHalf())).buffer)
    const wrong = [...patterns].filter((bits, i) => {
      const nan = (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0
      return nan ? (back[i]! & 0x7e00) !== 0x7e00 : back[i] !== bits
    })
    expect(wrong).toEqual([])
  })

  it('picks the nearest, and the even one of two equally near', () => {
    const finite = decodeFloat16(everyHalf()).slice(0, 0x7c00)
    fc.assert(
      fc.property(fc.float({ min: 0, max: 65504, noNaN: true }), (number) => {
        const bits = half(number)
        const error = Math.abs(finite[bits]! - number)
        for (const neighbour of [bits - 1, bits + 1]) {
          if (neighbour < 0 || neighbour >= finite.length) continue
          const other = Math.abs(finite[neighbour]! - number)
          if (other < error || (other === error && bits % 2 === 1)) return false
        }
        return true
      }),
      { numRuns: 2000 }
    )
  })

  it('reads numbers at any offset of a larger buffer', () => {
    const all = new Float32Array([9, 1, 2, 3])
    const bytes = encodeFloat16(all.subarray(1))
    const shifted = new Uint8Array(7)
    shifted.set(bytes, 1)
    expect([...decodeFloat16(shifted.subarray(1))]).toEqual([1, 2, 3])
  })

  it('refuses half a number', () => {
    expect(() => decodeFloat16(new Uint8Array(3))).toThrow(/odd number of bytes/)
  })
})

describe('float16 in base64', () => {
  it('comes back', () => {
    const numbers = Float32Array.of(0.5, -1, 65504)
    expect(decodeFloat16Base64(encodeFloat16Base64(numbers))).toEqual(numbers)
    expect(decodeFloat16Base64('')).toEqual(new Float32Array(0))
  })

  it.each(['AAA', '!!!!', 'AA=A', 'AAAA AAA'])('refuses %j', (text) => {
    expect(() => decodeFloat16Base64(text)).toThrow(/base64|odd/)
  })
})
