/**
 * Decodes `aws-chunked` bodies: `size[;chunk-signature=…]\r\n bytes \r\n … 0\r\n [name:value\r\n …] \r\n`, as in
 * "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks" and its page on
 * trailing headers.
 * @module
 */
import { createHash } from 'node:crypto'
import type { ChunkSigner } from './chunk-signer.ts'
import { S3Error } from './s3-error.ts'

/** No line of a chunk header or a trailer is longer. */
const MAX_LINE = 4096
/** Signed chunks have to be whole before they are checked; clients send 64 KiB to 1 MiB. */
const MAX_CHUNK = 5 * 1024 ** 3

/**
 * Yields the bytes inside of the chunks as they come and puts the trailing headers (lower case) into `trailers`.
 * Throws `IncompleteBody`, `InvalidRequest` and `SignatureDoesNotMatch`.
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  signer: ChunkSigner | undefined,
  trailers: Map<string, string>
): AsyncGenerator<Buffer> {
  const reader = createReader(source)
  while (true) {
    const header = await reader.line()
    const parts = /^([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(header)
    const size = Number.parseInt(parts?.[1] ?? '', 16)
    if (!(size <= MAX_CHUNK)) throw new S3Error('InvalidRequest', 'A chunk header is malformed.')
    const hash = signer && createHash('sha256')
    for (let left = size; left > 0; ) {
      const piece = await reader.bytes(left)
      left -= piece.length
      hash?.update(piece)
      yield piece
    }
    signer?.chunk(hash!.digest('hex'), parts?.[2])
    if (size === 0) break
    if ((await reader.line()) !== '') throw new S3Error('InvalidRequest', 'A chunk is longer than it says.')
  }
  await readTrailers(reader, signer, trailers)
}

async function readTrailers(
  reader: Reader,
  signer: ChunkSigner | undefined,
  trailers: Map<string, string>
): Promise<void> {
  let signed = ''
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (colon < 1 || trailers.size > 16) throw new S3Error('InvalidRequest', 'A trailer is malformed.')
    trailers.set(name, value)
    if (name !== 'x-amz-trailer-signature') signed += `${name}:${value}\n`
  }
  if (signed !== '') signer?.trailer(signed, trailers.get('x-amz-trailer-signature'))
}

interface Reader {
  /** Up to the next CRLF, without it. */
  line(): Promise<string>
  /** At least one and at most `limit` bytes. */
  bytes(limit: number): Promise<Buffer>
}

function createReader(source: AsyncIterable<Buffer>): Reader {
  const iterator = source[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)

  async function more(): Promise<Buffer> {
    const next = await iterator.next()
    if (next.done) throw new S3Error('IncompleteBody')
    return next.value
  }

  return {
    async line() {
      let end = rest.indexOf('\r\n')
      while (end < 0) {
        if (rest.length > MAX_LINE)
          throw new S3Error('InvalidRequest', 'A line of the chunked body is too long.')
        rest = Buffer.concat([rest, await more()])
        end = rest.indexOf('\r\n')
      }
      const text = rest.toString('latin1', 0, end)
      rest = rest.subarray(end + 2)
      return text
    },
    async bytes(limit) {
      while (rest.length === 0) rest = await more()
      const piece = rest.subarray(0, limit)
      rest = rest.subarray(piece.length)
      return piece
    },
  }
}
