export { decodeFloat16Base64, encodeFloat16Base64 } from './base64.ts'
export { decodeFloat16, encodeFloat16 } from './float16.ts'
