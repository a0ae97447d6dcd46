/**
 * Reads little-endian values one after the other and says where data ended too early.
 * @module
 */
import { EdgeloopError } from '../errors/index.ts'

export interface Cursor {
  readonly position: number
  u8(): number
  u16(): number
  u32(): number
  i32(): number
  /** Big-endian, as pickle writes floats. */
  f64be(): number
  /** A little-endian two's complement integer of so many bytes; `bigint` only beyond 2^53. */
  int(bytes: number): number | bigint
  /** The next bytes, not copied. */
  take(count: number): Uint8Array
  /** UTF-8 up to a line feed, which is consumed. */
  line(): string
  fail(message: string): never
}

/** @throws INVALID_INPUT from every method that would read past the end */
export function createCursor(bytes: Uint8Array, start: number, where?: string): Cursor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = start

  const fail = (message: string): never => {
    throw new EdgeloopError('INVALID_INPUT', `${message} (at byte ${at})`, { where })
  }
  const step = (count: number): number => {
    if (!(count >= 0 && count <= bytes.length - at)) fail(`ends too early: ${count} more bytes expected`)
    at += count
    return at - count
  }
  return {
    get position() {
      return at
    },
    u8: () => view.getUint8(step(1)),
    u16: () => view.getUint16(step(2), true),
    u32: () => view.getUint32(step(4), true),
    i32: () => view.getInt32(step(4), true),
    f64be: () => view.getFloat64(step(8), false),
    int(length) {
      const from = step(length)
      let value = 0n
      for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[from + i]!)
      value = BigInt.asIntN(8 * length, value)
      const small = Number(value)
      return Number.isSafeInteger(small) ? small : value
    },
    take(count) {
      const from = step(count)
      return bytes.subarray(from, from + count)
    },
    line() {
      const end = bytes.indexOf(0x0a, at)
      if (end < 0) fail('ends too early: no line feed')
      const from = step(end + 1 - at)
      return new TextDecoder().decode(bytes.subarray(from, end))
    },
    fail,
  }
}
