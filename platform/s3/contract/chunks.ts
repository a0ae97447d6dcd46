/** Bodies in `aws-chunked` form, as clients make them. @module */
import { createHash, createHmac } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { SignedSeed } from './raw-request.ts'

const CHUNK = 64 * 1024
const EMPTY = createHash('sha256').digest('hex')

function split(body: Buffer): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < body.length; at += CHUNK) chunks.push(body.subarray(at, at + CHUNK))
  return [...chunks, Buffer.alloc(0)]
}

function crcOf(body: Buffer): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(body))
  return bytes.toString('base64')
}

function chunkHeaders(body: Buffer, trailer: boolean): Record<string, string> {
  return {
    'content-encoding': 'aws-chunked',
    'x-amz-decoded-content-length': String(body.length),
    ...(trailer ? { 'x-amz-trailer': 'x-amz-checksum-crc32' } : {}),
  }
}

export function unsignedChunks(body: Buffer, crc = crcOf(body)) {
  return {
    headers: chunkHeaders(body, true),
    payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    encode() {
      const chunks = split(body).map((chunk) =>
        chunk.length === 0
          ? Buffer.from('0\r\n')
          : Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')])
      )
      return Buffer.concat([...chunks, Buffer.from(`x-amz-checksum-crc32:${crc}\r\n\r\n`)])
    },
  }
}

/** `forge` gives the second chunk the signature of other bytes. */
export function signedChunks(body: Buffer, { trailer = false, forge = false } = {}) {
  return {
    headers: chunkHeaders(body, trailer),
    payloadHash: `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${trailer ? '-TRAILER' : ''}`,
    sign({ key, scope, time, signature }: SignedSeed): Buffer {
      let previous = signature
      const pieces = split(body).flatMap((chunk, index) => {
        const hash = createHash('sha256').update(chunk)
        if (forge && index === 1) hash.update('!')
        const text = `AWS4-HMAC-SHA256-PAYLOAD\n${time}\n${scope}\n${previous}\n${EMPTY}\n${hash.digest('hex')}`
        previous = createHmac('sha256', key).update(text).digest('hex')
        const head = Buffer.from(`${chunk.length.toString(16)};chunk-signature=${previous}\r\n`)
        return chunk.length === 0 ? [head] : [head, chunk, Buffer.from('\r\n')]
      })
      if (!trailer) return Buffer.concat([...pieces, Buffer.from('\r\n')])
      const line = `x-amz-checksum-crc32:${crcOf(body)}`
      const hash = createHash('sha256').update(`${line}\n`).digest('hex')
      const text = `AWS4-HMAC-SHA256-TRAILER\n${time}\n${scope}\n${previous}\n${hash}`
      const last = createHmac('sha256', key).update(text).digest('hex')
      return Buffer.concat([...pieces, Buffer.from(`${line}\r\nx-amz-trailer-signature:${last}\r\n\r\n`)])
    },
  }
}
