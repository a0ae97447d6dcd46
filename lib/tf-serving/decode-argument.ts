const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Reads a part of a path as curl_easy_unescape does: `%` with two hexadecimal digits is a byte, any other `%` is itself,
 * and so is `+`.
 */
export function decodeArgument(text: string): string {
  if (!text.includes('%')) return text
  const bytes = Buffer.from(text)
  let size = 0
  for (let at = 0; at < bytes.length; at++) {
    const digits = bytes.subarray(at + 1, at + 3).toString('latin1')
    if (bytes[at] === 0x25 && /^[0-9a-f]{2}$/i.test(digits)) {
      bytes[size++] = Number.parseInt(digits, 16)
      at += 2
    } else bytes[size++] = bytes[at]!
  }
  return utf8.decode(bytes.subarray(0, size))
}
