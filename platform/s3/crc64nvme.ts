/** CRC-64/NVME, four bytes a step; halves of 32 bits, because BigInt is too slow for every byte of a body. @module */

/** Bit-reversed 0xAD93D23594C93659. */
const POLYNOMIAL = 0x9a6c9329ac4bc9b5n
const STEP = 4

/** For each step and byte the low and the high half. */
const LOW = new Int32Array(STEP * 256)
const HIGH = new Int32Array(STEP * 256)

for (let byte = 0; byte < 256; byte++) {
  let crc = BigInt(byte)
  for (let step = 0; step < STEP; step++) {
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ POLYNOMIAL : crc >> 1n
    LOW[step * 256 + byte] = Number(BigInt.asIntN(32, crc))
    HIGH[step * 256 + byte] = Number(BigInt.asIntN(32, crc >> 32n))
  }
}

/** The two halves of a running CRC; both 0 at the start. */
export interface Crc64 {
  low: number
  high: number
}

/** Continues the CRC over `data`. */
export function crc64nvme(data: Uint8Array, crc: Crc64): Crc64 {
  let low = ~crc.low
  let high = ~crc.high
  let at = 0
  for (const end = data.length - 3; at < end; at += STEP) {
    const word = low ^ (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24))
    const a = 768 + (word & 0xff)
    const b = 512 + ((word >>> 8) & 0xff)
    const c = 256 + ((word >>> 16) & 0xff)
    const d = word >>> 24
    low = high ^ LOW[a]! ^ LOW[b]! ^ LOW[c]! ^ LOW[d]!
    high = HIGH[a]! ^ HIGH[b]! ^ HIGH[c]! ^ HIGH[d]!
  }
  for (; at < data.length; at++) {
    const index = (low ^ data[at]!) & 0xff
    low = ((low >>> 8) | (high << 24)) ^ LOW[index]!
    high = (high >>> 8) ^ HIGH[index]!
  }
  return { low: ~low, high: ~high }
}
