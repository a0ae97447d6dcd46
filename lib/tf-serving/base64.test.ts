import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeBase64 } from './base64.ts'

function decode(text: string): string | undefined {
  const bytes = decodeBase64(Buffer.from(text))
  return bytes && Buffer.from(bytes).toString()
}

it('decodes what was encoded, with padding or without', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = Buffer.from(bytes).toString('base64')
      expect(decodeBase64(Buffer.from(text))).toEqual(bytes)
      expect(decodeBase64(Buffer.from(text.replaceAll('=', '')))).toEqual(bytes)
    })
  )
})

it.each([
  ['aGVsbG8=', 'hello'],
  ['aGVs\nbG8 =', 'hello'],
  ['dGY.', 'tf'],
  ['', ''],
  ['dGY==', undefined],
  ['d===', undefined],
  ['d', undefined],
  ['=', undefined],
  ['aG=Vs', undefined],
  ['a-_b', undefined],
  ['é', undefined],
])('%j is %j', (text, meant) => {
  expect(decode(text)).toBe(meant)
})
