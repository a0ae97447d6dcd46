import { EdgeloopError } from '../errors/index.ts'
import { decodeFloat16, encodeFloat16 } from './float16.ts'

/** Encodes numbers as float16 in standard base64 with padding: the form that features have inside JSON. */
export function encodeFloat16Base64(numbers: Float32Array): string {
  return Buffer.from(encodeFloat16(numbers).buffer).toString('base64')
}

/** Decodes what `encodeFloat16Base64` wrote. `INVALID_INPUT` when the text is not base64 of whole numbers. */
export function decodeFloat16Base64(text: string): Float32Array<ArrayBuffer> {
  const bytes = Buffer.from(text, 'base64')
  // Buffer skips what it does not know; comparing lengths notices that without a second pass over the text.
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  if (text.length % 4 !== 0 || bytes.length !== (text.length / 4) * 3 - padding) {
    throw new EdgeloopError('INVALID_INPUT', 'float16 data is not valid base64', {
      hint: 'Send standard base64 with padding.',
    })
  }
  return decodeFloat16(bytes)
}
