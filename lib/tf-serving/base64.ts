import type { Slices } from './slices.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

const EQUALS = 0x3d
const MINUS = 0x2d
const UNDERSCORE = 0x5f

const OTHER = 255
const SPACE = 254
const PADDING = 253

/** Each byte's six bits, or what else it is. */
const MEANING = new Uint8Array(256).fill(OTHER)
for (let i = 0; i < 64; i++) MEANING[ALPHABET.charCodeAt(i)] = i
for (const space of ' \t\n\v\f\r') MEANING[space.charCodeAt(0)] = SPACE
for (const padding of '=.') MEANING[padding.charCodeAt(0)] = PADDING

/** So many characters are decoded between two places where the work may be interrupted; a multiple of four. */
const DECODED = 2 ** 20

/**
 * Decodes standard base64 as Abseil's Base64Unescape does: blanks anywhere are skipped, padding (`=` or `.`) may be left out
 * but must otherwise be complete.
 * https://github.com/abseil/abseil-cpp/blob/master/absl/strings/escaping.cc
 *
 * @returns undefined where the text is not base64
 */
export function* decodeBase64(text: Uint8Array): Slices<Uint8Array | undefined> {
  return (yield* decodeCanonical(text)) ?? (yield* decodeAny(text))
}

/** What encoders write, without blanks and with all of the padding: that is left to Node, which is much faster. */
function* decodeCanonical(text: Uint8Array): Slices<Uint8Array | undefined> {
  // Node takes the alphabet of URLs as well.
  if (text.includes(MINUS) || text.includes(UNDERSCORE)) return undefined
  const padding = text.at(-1) !== EQUALS ? 0 : text.at(-2) !== EQUALS ? 1 : 2
  const size = (text.length / 4) * 3 - padding
  if (!Number.isInteger(size) || size < 0) return undefined
  const written = Buffer.from(text.buffer, text.byteOffset, text.length)
  const bytes = new Uint8Array(size)
  for (let from = 0; from < text.length; from += DECODED) {
    if (from > 0) yield
    const decoded = Buffer.from(written.toString('latin1', from, from + DECODED), 'base64')
    const start = (from / 4) * 3
    // It leaves out what is not base64.
    if (decoded.length !== Math.min((DECODED / 4) * 3, size - start)) return undefined
    bytes.set(decoded, start)
  }
  return bytes
}

function* decodeAny(text: Uint8Array): Slices<Uint8Array | undefined> {
  const bytes = new Uint8Array(Math.ceil((text.length * 3) / 4))
  let size = 0
  let digits = 0
  let bits = 0
  let padding = 0
  for (let i = 0; i < text.length; i++) {
    if (i % DECODED === DECODED - 1) yield
    const meaning = MEANING[text[i]!]!
    if (meaning < 64) {
      if (padding > 0) return undefined
      bits = (bits << 6) | meaning
      digits++
      if (digits % 4 === 0) {
        bytes[size++] = bits >> 16
        bytes[size++] = bits >> 8
        bytes[size++] = bits
        bits = 0
      }
    } else if (meaning === PADDING) padding++
    else if (meaning === OTHER) return undefined
  }
  const rest = digits % 4
  if (rest === 1) return undefined
  if (rest === 2) bytes[size++] = bits >> 4
  if (rest === 3) {
    bytes[size++] = bits >> 10
    bytes[size++] = bits >> 2
  }
  if (padding > 0 && padding !== (4 - rest) % 4) return undefined
  return bytes.subarray(0, size)
}
