/**
 * The CRC of two runs of bytes from their CRCs: append as many zero bits to the first as the second is long, which is a
 * multiplication by a power of x modulo the polynomial, and add the second.
 * @module
 */

/** Bit-reversed generator polynomials, and their degree. */
const GENERATORS = {
  crc32: { polynomial: 0xedb88320n, degree: 32n },
  crc32c: { polynomial: 0x82f63b78n, degree: 32n },
  crc64nvme: { polynomial: 0x9a6c9329ac4bc9b5n, degree: 64n },
} as const

export type CrcName = keyof typeof GENERATORS

export function isCrcName(name: string): name is CrcName {
  return Object.hasOwn(GENERATORS, name)
}

/** CRC of A followed by B, all big-endian; `length` is B's in bytes. */
export function combineCrc(name: CrcName, a: Buffer, b: Buffer, length: number): Buffer {
  const { polynomial, degree } = GENERATORS[name]
  // In the reversed order the highest bit is x^0.
  let factor = 1n << (degree - 1n)
  let power = factor >> 8n // x^8: a byte of zeros
  for (let left = length; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) factor = multiply(factor, power, polynomial, degree)
    power = multiply(power, power, polynomial, degree)
  }
  const combined = multiply(factor, toBigInt(a), polynomial, degree) ^ toBigInt(b)
  return Buffer.from(combined.toString(16).padStart(a.length * 2, '0'), 'hex')
}

function toBigInt(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`)
}

/** The product of two polynomials over GF(2) modulo the generator. */
function multiply(a: bigint, b: bigint, polynomial: bigint, degree: bigint): bigint {
  let product = 0n
  let shifted = b
  for (let bit = degree - 1n; bit >= 0n; bit--) {
    if ((a >> bit) & 1n) product ^= shifted
    shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n
  }
  return product
}
