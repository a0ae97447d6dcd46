import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CHECKSUM_NAMES, type ChecksumName, createChecksum } from './checksum.ts'
import { combineCrc, isCrcName } from './crc-combine.ts'

function digest(name: ChecksumName, ...pieces: Uint8Array[]): Buffer {
  const checksum = createChecksum(name)
  for (const piece of pieces) checksum.update(piece)
  return checksum.digest()
}

// The check values of the CRC catalogue, for "123456789".
test.each([
  ['crc32', 'cbf43926'],
  ['crc32c', 'e3069283'],
  ['crc64nvme', 'ae8b14860a799888'],
] as const)('%s of "123456789"', (name, expected) => {
  expect(digest(name, Buffer.from('123456789')).toString('hex')).toBe(expected)
})

test.each(CHECKSUM_NAMES)('%s does not depend on how the bytes are cut', (name) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
      expect(digest(name, ...pieces)).toEqual(digest(name, Buffer.concat(pieces)))
    })
  )
})

test.each(CHECKSUM_NAMES.filter(isCrcName))('%s of two runs is combined from theirs', (name) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (a, b) => {
      const combined = combineCrc(name, digest(name, a), digest(name, b), b.length)
      expect(combined).toEqual(digest(name, a, b))
    })
  )
})
