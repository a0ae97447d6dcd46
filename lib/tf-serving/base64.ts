const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

const OTHER = 255
const SPACE = 254
const PADDING = 253

/** Each byte's six bits, or what else it is. */
const MEANING = new Uint8Array(256).fill(OTHER)
for (let i = 0; i < 64; i++) MEANING[ALPHABET.charCodeAt(i)] = i
for (const space of ' \t\n\v\f\r') MEANING[space.charCodeAt(0)] = SPACE
for (const padding of '=.') MEANING[padding.charCodeAt(0)] = PADDING

/**
 * Decodes standard base64 as Abseil's Base64Unescape does: blanks anywhere are skipped, padding (`=` or `.`) may be left out
 * but must otherwise be complete.
 * https://github.com/abseil/abseil-cpp/blob/master/absl/strings/escaping.cc
 *
 * @returns undefined where the text is not base64
 */
export function decodeBase64(text: Uint8Array): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.ceil((text.length * 3) / 4))
  let size = 0
  let digits = 0
  let bits = 0
  let padding = 0
  for (let i = 0; i < text.length; i++) {
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
