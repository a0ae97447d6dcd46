import { type JsonDocument, Kind } from './document.ts'
import { invalidArgument } from './serving-error.ts'
import type { Slices } from './slices.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const PLUS = 0x2b
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const BRACKET_OPEN = 0x5b
const BACKSLASH = 0x5c
const BRACKET_CLOSE = 0x5d
const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d

/** What stands behind a backslash, with the byte that it means. */
const ESCAPES = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([written, meant]) => [written.charCodeAt(0), meant.charCodeAt(0)]
  )
)

/** Bytes that mean themselves in a string. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0
)

/** Bytes that a value follows. */
const PRECEDES = new Uint8Array(256)
for (const byte of [COMMA, COLON, BRACKET_OPEN, BRACE_OPEN]) PRECEDES[byte] = 1

/** So many bytes are read, or looked at, between two places where the reader may be interrupted: a millisecond or two. */
const READ = 2 ** 16
const COUNTED = 2 ** 20

/** Those powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))

/**
 * Reads JSON as RapidJSON 1.1 does the way TensorFlow Serving calls it: `NaN`, `Inf` and `Infinity` are numbers, a byte
 * order mark is skipped, what follows the first value is not looked at, and errors have its words and offsets in bytes.
 * One pass; nothing recurses. Numbers are rounded correctly, where RapidJSON may miss the last bits.
 * https://github.com/Tencent/rapidjson/blob/v1.1.0/include/rapidjson/reader.h
 *
 * @param bytes is kept and written to: strings are unescaped in place
 * @throws ServingError INVALID_ARGUMENT "JSON Parse error: … at offset: N"
 */
export function* readJson(bytes: Uint8Array): Slices<JsonDocument> {
  if (bytes.length === 0) throw invalidArgument('JSON Parse error: The document is empty')
  return yield* new Reader(bytes, yield* countRows(bytes)).read()
}

class Reader implements JsonDocument {
  readonly bytes: Uint8Array
  readonly kinds: Uint8Array
  readonly numbers: Float64Array
  readonly ends: Int32Array
  readonly bigs: bigint[] = []
  /** The next byte. */
  #at = 0
  /** The next row. */
  #node = 0
  /** Of the string that is being read: where it begins, and where its next byte belongs. */
  #start = 0
  #to = 0

  constructor(bytes: Uint8Array, rows: number) {
    this.bytes = bytes
    this.kinds = new Uint8Array(rows)
    this.numbers = new Float64Array(rows)
    this.ends = new Int32Array(rows)
  }

  *read(): Slices<JsonDocument> {
    for (const mark of [0xef, 0xbb, 0xbf]) if (this.bytes[this.#at] === mark) this.#at++
    const first = this.#skipSpace()
    if (
      first === 0 ||
      first === BRACKET_CLOSE ||
      first === BRACE_CLOSE ||
      first === COMMA ||
      first === COLON
    ) {
      this.#fail('The document is empty.')
    }
    /** The array or object that is open, whose `ends` says which is open around it until it is closed itself. */
    let open = -1
    let rest = READ
    for (;;) {
      if (this.#at > rest) {
        yield
        rest = this.#at + READ
      }
      const next = this.#skipSpace()
      if (next === BRACKET_OPEN || next === BRACE_OPEN) {
        const node = this.#add(next === BRACKET_OPEN ? Kind.ARRAY : Kind.OBJECT, 0, open)
        this.#at++
        open = node
        if (this.#skipSpace() !== (next === BRACKET_OPEN ? BRACKET_CLOSE : BRACE_CLOSE)) {
          this.numbers[node] = 1
          if (next === BRACE_OPEN) yield* this.#name()
          continue
        }
      } else if (next === QUOTE) {
        yield* this.#string()
      } else {
        this.#scalar(next)
      }
      // A value is complete: what is open may be so now, too.
      for (;;) {
        if (open === -1) return this
        const inArray = this.kinds[open] === Kind.ARRAY
        const byte = this.#skipSpace()
        if (byte === (inArray ? BRACKET_CLOSE : BRACE_CLOSE)) {
          this.#at++
          const around = this.ends[open]!
          this.ends[open] = this.#node
          open = around
        } else if (byte === COMMA) {
          this.#at++
          this.numbers[open]!++
          if (!inArray) yield* this.#name()
          break
        } else if (inArray) {
          this.#fail("Missing a comma or ']' after an array element.")
        } else {
          this.#fail("Missing a comma or '}' after an object member.")
        }
      }
    }
  }

  /** A member's name and its colon. */
  *#name(): Slices<void> {
    if (this.#skipSpace() !== QUOTE) this.#fail('Missing a name for object member.')
    yield* this.#string()
    if (this.#skipSpace() !== COLON) this.#fail('Missing a colon after a name of object member.')
    this.#at++
  }

  #scalar(first: number): void {
    if (first === 0x6e) this.#word('null', Kind.NULL)
    else if (first === 0x74) this.#word('true', Kind.TRUE)
    else if (first === 0x66) this.#word('false', Kind.FALSE)
    else this.#number()
  }

  #word(word: string, kind: number): void {
    this.#expect(word)
    this.#add(kind, 0, 0)
  }

  /** Steps over these very characters. */
  #expect(word: string): void {
    for (let i = 0; i < word.length; i++, this.#at++) {
      if (this.bytes[this.#at] !== word.charCodeAt(i)) this.#fail('Invalid value.')
    }
  }

  /** In parts: there may be millions of bytes in one. */
  *#string(): Slices<void> {
    this.#start = this.#to = ++this.#at
    while (!this.#readString()) yield
  }

  /** Reads on; whether the string has ended. */
  #readString(): boolean {
    const { bytes } = this
    const end = Math.min(this.#at + READ, bytes.length)
    let at = this.#at
    let to = this.#to
    // As long as nothing is escaped, bytes stay where they are.
    if (to === at) {
      while (at < end && PLAIN[bytes[at]!] === 1) at++
      to = at
    }
    while (at < end) {
      const byte = bytes[at]!
      if (PLAIN[byte] === 1) {
        bytes[to++] = byte
        at++
      } else if (byte === BACKSLASH) {
        this.#at = at
        to = this.#escape(to)
        at = this.#at
      } else {
        break
      }
    }
    this.#at = at
    this.#to = to
    if (at >= end && end < bytes.length) return false
    const byte = bytes[at] ?? 0
    if (byte !== QUOTE) {
      this.#fail(
        byte === 0 ? 'Missing a closing quotation mark in string.' : 'Invalid escape character in string.'
      )
    }
    this.#at++
    this.#add(Kind.STRING, this.#start, to)
    return true
  }

  /** Steps over an escape and writes what it means; gives where the next byte is to be written. */
  #escape(to: number): number {
    const { bytes } = this
    const start = this.#at
    const letter = bytes[start + 1] ?? 0
    const meant = ESCAPES.get(letter)
    if (meant !== undefined) {
      this.#at += 2
      bytes[to] = meant
      return to + 1
    }
    if (letter !== 0x75) this.#fail('Invalid escape character in string.')
    let point = this.#hex(start + 2, start)
    this.#at = start + 6
    if (point >= 0xd800 && point <= 0xdbff) {
      const paired = bytes[start + 6] === BACKSLASH && bytes[start + 7] === 0x75
      const low = paired ? this.#hex(start + 8, start) : 0
      if (low < 0xdc00 || low > 0xdfff) this.#fail('The surrogate pair in string is invalid.', start)
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00)
      this.#at = start + 12
    }
    if (point < 0x80) {
      bytes[to++] = point
      return to
    }
    if (point < 0x800) {
      bytes[to++] = 0xc0 | (point >> 6)
    } else {
      if (point < 0x10000) {
        bytes[to++] = 0xe0 | (point >> 12)
      } else {
        bytes[to++] = 0xf0 | (point >> 18)
        bytes[to++] = 0x80 | ((point >> 12) & 0x3f)
      }
      bytes[to++] = 0x80 | ((point >> 6) & 0x3f)
    }
    bytes[to++] = 0x80 | (point & 0x3f)
    return to
  }

  /** Four hexadecimal digits. */
  #hex(at: number, escapeAt: number): number {
    let value = 0
    for (let i = at; i < at + 4; i++) {
      const digit = Number.parseInt(String.fromCharCode(this.bytes[i] ?? 0), 16)
      if (Number.isNaN(digit)) this.#fail('Incorrect hex digit after \\u escape in string.', escapeAt)
      value = value * 16 + digit
    }
    return value
  }

  #number(): void {
    const { bytes } = this
    const start = this.#at
    let at = start
    const minus = bytes[at] === MINUS
    if (minus) at++
    let byte = bytes[at]!
    let mantissa = 0
    /** Digits after the first one that is not zero; RapidJSON takes no more than 17 of a fraction into account. */
    let significant = -1
    if (byte === ZERO) {
      byte = bytes[++at]!
      significant = 0
    } else if (byte > ZERO && byte <= NINE) {
      do {
        if (mantissa >= Number.MAX_VALUE / 10) this.#fail('Number too big to be stored in double.', start)
        mantissa = mantissa * 10 + (byte - ZERO)
        significant++
        byte = bytes[++at]!
      } while (byte >= ZERO && byte <= NINE)
    } else {
      this.#at = at
      this.#notFinite(minus)
      return
    }
    if (byte !== POINT && byte !== 0x65 && byte !== 0x45) {
      this.#at = at
      this.#integer(start, minus, mantissa)
      return
    }
    let places = 0
    if (byte === POINT) {
      byte = bytes[++at]!
      if (!(byte >= ZERO && byte <= NINE)) this.#fail('Miss fraction part in number.', at)
      do {
        if (mantissa <= Number.MAX_SAFE_INTEGER || significant < 17) {
          mantissa = mantissa * 10 + (byte - ZERO)
          places++
          if (mantissa > 0) significant++
        }
        byte = bytes[++at]!
      } while (byte >= ZERO && byte <= NINE)
    }
    let exponent = 0
    if (byte === 0x65 || byte === 0x45) {
      byte = bytes[++at]!
      const down = byte === MINUS
      if (down || byte === PLUS) byte = bytes[++at]!
      if (!(byte >= ZERO && byte <= NINE)) this.#fail('Miss exponent in number.', at)
      do {
        exponent = exponent * 10 + (byte - ZERO)
        byte = bytes[++at]!
        if (!down && exponent > 308 + places) this.#fail('Number too big to be stored in double.', start)
      } while (byte >= ZERO && byte <= NINE)
      if (down) exponent = -exponent
    }
    exponent -= places
    this.#at = at
    const exact = mantissa <= Number.MAX_SAFE_INTEGER && exponent >= -22 && exponent <= 22
    if (!exact) this.#add(Kind.DOUBLE, Number(this.#ascii(start)), 0)
    else {
      const value = exponent < 0 ? mantissa / POWERS[-exponent]! : mantissa * POWERS[exponent]!
      this.#add(Kind.DOUBLE, minus ? -value : value, 0)
    }
  }

  #integer(start: number, minus: boolean, magnitude: number): void {
    if (magnitude <= Number.MAX_SAFE_INTEGER) {
      this.#add(Kind.INTEGER, minus ? 0 - magnitude : magnitude, 0)
      return
    }
    const text = this.#ascii(start)
    const value = magnitude < 1e20 ? BigInt(text) : undefined
    if (value === undefined || value > 2n ** 64n - 1n || value < -(2n ** 63n)) {
      this.#add(Kind.DOUBLE, Number(text), 0)
    } else {
      this.#add(Kind.BIG_INTEGER, this.bigs.push(value) - 1, 0)
    }
  }

  #notFinite(minus: boolean): void {
    if (this.bytes[this.#at] === 0x4e) {
      this.#expect('NaN')
      this.#add(Kind.DOUBLE, Number.NaN, 0)
      return
    }
    this.#expect('Inf')
    if (this.bytes[this.#at] === 0x69) this.#expect('inity')
    this.#add(Kind.DOUBLE, minus ? -Infinity : Infinity, 0)
  }

  /** What has been read since then, which is digits, signs and letters. */
  #ascii(start: number): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, this.#at - start).toString('latin1')
  }

  /** Steps over blanks; gives the byte that comes then, 0 at the end. */
  #skipSpace(): number {
    const { bytes } = this
    let at = this.#at
    let byte = at < bytes.length ? bytes[at]! : 0
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      at++
      byte = at < bytes.length ? bytes[at]! : 0
    }
    this.#at = at
    return byte
  }

  #add(kind: number, number: number, end: number): number {
    const node = this.#node++
    this.kinds[node] = kind
    this.numbers[node] = number
    this.ends[node] = end
    return node
  }

  #fail(reason: string, offset = this.#at): never {
    throw invalidArgument(`JSON Parse error: ${reason} at offset: ${offset}`)
  }
}

/** As many rows as there can be, as each value but the first follows one of these; those in strings count for nothing. */
function* countRows(bytes: Uint8Array): Slices<number> {
  let rows = 1
  for (let start = 0; start < bytes.length; start += COUNTED) {
    if (start > 0) yield
    const end = Math.min(start + COUNTED, bytes.length)
    for (let at = start; at < end; at++) rows += PRECEDES[bytes[at]!]!
  }
  return rows
}
