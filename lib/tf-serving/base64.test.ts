import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeBase64 } from './base64.ts'
import { atOnce } from './slices.ts'

function decode(text: string): string | undefined {
  const bytes = atOnce(decodeBase64(Buffer.from(text)))
  return bytes && Buffer.from(bytes).toString()
}

it('decodes what was encoded, with padding or without', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = Buffer.from(bytes).toString('base64')
      expect(atOnce(decodeBase64(Buffer.from(text)))).toEqual(bytes)
      expect(atOnce(decodeBase64(Buffer.from(text.replaceAll('=', ''))))).toEqual(bytes)
    })
  )
})

it('decodes millions of bytes, and says when something among them is wrong', () => {
  const bytes = Buffer.alloc(2_500_000, 'photo')
  const text = bytes.toString('base64')
  const wrapped = text.replace(/.{76}/g, '$&\r\n')
  for (const good of [text, text.replaceAll('=', ''), wrapped]) {
    const decoded = atOnce(decodeBase64(Buffer.from(good)))
    expect(decoded && bytes.equals(decoded)).toBe(true)
  }
  for (const wrong of ['-', '_', '=', '!', 'é'])
    expect(decode(`${text.slice(0, 1_500_000)}${wrong}${text.slice(1_500_001)}`), wrong).toBeUndefined()
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
