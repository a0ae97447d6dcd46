/**
 * The CRC of two runs of bytes from their CRCs: append as many zero bits to the first as the second is long, which is a
 * multiplication by a power of x modulo the polynomial, and add the second.
 * @module
 */

/** Bit-reversed generator polynomials. */
export const CRC_POLYNOMIAL = { crc32: 0xedb88320, crc32c: 0x82f63b78 } as const

/** CRC of A followed by B; `length` is B's in bytes. */
export function combineCrc(name: keyof typeof CRC_POLYNOMIAL, a: number, b: number, length: number): number {
  const polynomial = CRC_POLYNOMIAL[name]
  let factor = 0x80000000 // x^0, the highest bit in the reversed order
  let power = 0x00800000 // x^8: one byte of zeros
  for (let left = length; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) factor = multiply(polynomial, factor, power)
    power = multiply(polynomial, power, power)
  }
  return (multiply(polynomial, factor, a) ^ b) >>> 0
}

/** The product of two polynomials over GF(2) modulo the generator. */
function multiply(polynomial: number, a: number, b: number): number {
  let product = 0
  let shifted = b
  for (let bit = 31; bit >= 0; bit--) {
    if ((a >>> bit) & 1) product ^= shifted
    shifted = shifted & 1 ? (shifted >>> 1) ^ polynomial : shifted >>> 1
  }
  return product >>> 0
}
