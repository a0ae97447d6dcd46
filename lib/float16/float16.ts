/**
 * IEEE 754 binary16 ("half precision"), little-endian, because features travel and rest in it: half the bytes of
 * float32, and more precision than a feature has. Node 20 has no Float16Array.
 * @module
 */
import { EdgeloopError } from '../errors/index.ts'

const BYTES_PER_NUMBER = 2

/** One number to the 16 bits of its nearest binary16, ties to even; beyond 65519.99… it is infinite. */
function toHalfBits(floatBits: number): number {
  const sign = (floatBits >>> 16) & 0x8000
  const magnitude = floatBits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x1ff)
  // 0x477ff000 is 65520, halfway between the greatest finite half (65504) and the next step.
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  // 0x38800000 is 2^-14, the least normal half.
  if (magnitude >= 0x38800000) {
    const rebiased = magnitude - (112 << 23)
    return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13)
  }
  // 0x33000000 is 2^-25, half of the least subnormal: it and everything below rounds to zero (ties to even).
  if (magnitude <= 0x33000000) return sign
  const shift = 126 - (magnitude >>> 23)
  const mantissa = (magnitude & 0x7fffff) | 0x800000
  const kept = mantissa >>> shift
  const rest = mantissa & ((1 << shift) - 1)
  const half = 1 << (shift - 1)
  return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0))
}

/** The 16 bits of a binary16 to the bits of the same number in binary32: always exact. */
function toFloatBits(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >>> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13)
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13)
  if (fraction === 0) return sign
  // Subnormal: move the leading one to where binary32 leaves it out.
  const shift = Math.clz32(fraction) - 21
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)
}

/**
 * Encodes numbers as binary16, two bytes each, little-endian, rounding to nearest, ties to even. Numbers beyond
 * ±65504 (after rounding) become infinite; NaN stays NaN.
 */
export function encodeFloat16(numbers: Float32Array): Uint8Array {
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length)
  const bytes = new Uint8Array(numbers.length * BYTES_PER_NUMBER)
  for (let i = 0; i < bits.length; i++) {
    const half = toHalfBits(bits[i]!)
    bytes[2 * i] = half
    bytes[2 * i + 1] = half >>> 8
  }
  return bytes
}

/** Decodes what `encodeFloat16` wrote. `INVALID_INPUT` when the number of bytes is odd. */
export function decodeFloat16(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  if (bytes.length % BYTES_PER_NUMBER !== 0) {
    throw new EdgeloopError('INVALID_INPUT', `float16 data has an odd number of bytes (${bytes.length})`, {
      hint: 'The data was cut off, or it is not float16.',
    })
  }
  const numbers = new Float32Array(bytes.length / BYTES_PER_NUMBER)
  const bits = new Int32Array(numbers.buffer)
  for (let i = 0; i < bits.length; i++) bits[i] = toFloatBits(bytes[2 * i]! | (bytes[2 * i + 1]! << 8))
  return numbers
}
