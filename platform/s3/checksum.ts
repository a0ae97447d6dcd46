/** The additional checksums of S3 (`x-amz-checksum-*`), computed while the bytes pass. @module */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { crc32c } from './crc32c.ts'
import { crc64nvme } from './crc64nvme.ts'

/** Each algorithm with the length of its digest in bytes. */
const CHECKSUM_BYTES = { crc32: 4, crc32c: 4, crc64nvme: 8, sha1: 20, sha256: 32 } as const

export type ChecksumName = keyof typeof CHECKSUM_BYTES

export const CHECKSUM_NAMES = Object.keys(CHECKSUM_BYTES) as ChecksumName[]

export interface RunningChecksum {
  update(data: Uint8Array): void
  digest(): Buffer
}

export function isChecksumName(name: string): name is ChecksumName {
  return Object.hasOwn(CHECKSUM_BYTES, name)
}

/** Base64 of the right length. */
export function isChecksumValue(name: ChecksumName, value: string): boolean {
  return Buffer.from(value, 'base64').length === CHECKSUM_BYTES[name]
}

export function createChecksum(name: ChecksumName): RunningChecksum {
  if (name === 'crc32') return running32(crc32)
  if (name === 'crc32c') return running32(crc32c)
  if (name === 'crc64nvme') return running64()
  return createHash(name)
}

function running32(step: (data: Uint8Array, crc: number) => number): RunningChecksum {
  let crc = 0
  return {
    update(data) {
      crc = step(data, crc)
    },
    digest() {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(crc)
      return bytes
    },
  }
}

function running64(): RunningChecksum {
  let crc = { low: 0, high: 0 }
  return {
    update(data) {
      crc = crc64nvme(data, crc)
    },
    digest() {
      const bytes = Buffer.alloc(8)
      bytes.writeInt32BE(crc.high)
      bytes.writeInt32BE(crc.low, 4)
      return bytes
    },
  }
}
