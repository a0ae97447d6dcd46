/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), eight bytes a step. @module */

/** Bit-reversed 0x1EDC6F41. */
const POLYNOMIAL = 0x82f63b78

const TABLES = makeTables()

function makeTables(): Uint32Array[] {
  const tables = Array.from({ length: 8 }, () => new Uint32Array(256))
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    tables[0]![byte] = crc >>> 0
  }
  for (let step = 1; step < 8; step++) {
    for (let byte = 0; byte < 256; byte++) {
      const crc = tables[step - 1]![byte]!
      tables[step]![byte] = (crc >>> 8) ^ tables[0]![crc & 0xff]!
    }
  }
  return tables
}

/** Continues `crc` (0 at the start) over `data`. */
export function crc32c(data: Uint8Array, crc = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]
  let state = ~crc
  let at = 0
  for (const end = data.length - 7; at < end; at += 8) {
    state ^= data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
    state =
      t7[state & 0xff]! ^
      t6[(state >>> 8) & 0xff]! ^
      t5[(state >>> 16) & 0xff]! ^
      t4[state >>> 24]! ^
      t3[data[at + 4]!]! ^
      t2[data[at + 5]!]! ^
      t1[data[at + 6]!]! ^
      t0[data[at + 7]!]!
  }
  for (; at < data.length; at++) state = (state >>> 8) ^ t0[(state ^ data[at]!) & 0xff]!
  return ~state >>> 0
}
