/** Takes the body of a request in, checks every digest that came with it, and hands the bytes to a sink. @module */
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Authenticated } from './authenticate.ts'
import { decodeAwsChunked } from './aws-chunked.ts'
import {
  CHECKSUM_NAMES,
  type ChecksumName,
  createChecksum,
  isChecksumName,
  isChecksumValue,
} from './checksum.ts'
import { S3Error } from './s3-error.ts'

/** Where the bytes go. Whoever makes a sink discards it when `receiveBody` throws. */
export interface Sink {
  write(data: Buffer): void | Promise<void>
}

export interface ReceivedBody {
  size: number
  md5: Buffer
  /** Base64, by algorithm: those that were sent or announced. */
  checksums: Partial<Record<ChecksumName, string>>
}

export const MAX_BODY = 5 * 1024 ** 3

/**
 * Streams the body into the sink. `compute` names checksums to compute although none was sent. Throws S3's 400s; the
 * sink has then seen bytes that must not become visible.
 */
export async function receiveBody(
  incoming: IncomingMessage,
  { payloadHash, chunkSigner }: Authenticated,
  sink: Sink,
  { limit = MAX_BODY, compute }: { limit?: number; compute?: ChecksumName | undefined } = {}
): Promise<ReceivedBody> {
  const { headers } = incoming
  const chunked = payloadHash.startsWith('STREAMING-')
  const announced = announcedSize(headers, chunked)
  if (announced > limit) throw new S3Error('EntityTooLarge', `The body is larger than ${limit} bytes.`)
  const trailers = new Map<string, string>()
  const expected = expectedChecksum(headers)
  const name = expected?.name ?? compute
  const checksum = name && createChecksum(name)
  const md5 = createHash('md5')
  const sha256 = /^[0-9a-f]{64}$/.test(payloadHash) ? createHash('sha256') : undefined
  if (!sha256 && !chunked && payloadHash !== 'UNSIGNED-PAYLOAD') {
    throw new S3Error('InvalidArgument', 'x-amz-content-sha256 is neither a SHA-256 nor a known word.')
  }
  // Whoever refuses a body in the middle still wants to answer: the connection stays.
  const source: AsyncIterable<Buffer> = incoming.iterator({ destroyOnReturn: false })
  let size = 0
  try {
    for await (const data of chunked ? decodeAwsChunked(source, chunkSigner, trailers) : source) {
      size += data.length
      if (size > announced) throw new S3Error('IncompleteBody', 'The body is longer than announced.')
      md5.update(data)
      sha256?.update(data)
      checksum?.update(data)
      const written = sink.write(data)
      if (written) await written
    }
  } catch (error) {
    if (incoming.errored) throw new S3Error('IncompleteBody')
    throw error
  }
  if (size !== announced) throw new S3Error('IncompleteBody')
  const digest = md5.digest()
  checkMd5(headers['content-md5']?.toString(), digest)
  if (sha256 && sha256.digest('hex') !== payloadHash) throw new S3Error('XAmzContentSHA256Mismatch')
  if (!name || !checksum) return { size, md5: digest, checksums: {} }
  const value = checksum.digest().toString('base64')
  if (expected) checkChecksum(expected, trailers, value)
  return { size, md5: digest, checksums: { [name]: value } }
}

function announcedSize(headers: IncomingHttpHeaders, chunked: boolean): number {
  const text = chunked ? headers['x-amz-decoded-content-length'] : headers['content-length']
  if (typeof text !== 'string' || !/^\d{1,15}$/.test(text)) throw new S3Error('MissingContentLength')
  return Number(text)
}

interface ExpectedChecksum {
  name: ChecksumName
  /** Undefined: it follows in the trailer. */
  value: string | undefined
}

function expectedChecksum(headers: IncomingHttpHeaders): ExpectedChecksum | undefined {
  const announced = String(headers['x-amz-trailer'] ?? '').toLowerCase()
  const sent = Object.keys(headers)
    .concat(announced.split(/\s*,\s*/))
    .filter((header) => /^x-amz-checksum-(?!algorithm$|type$|mode$)/.test(header))
  if (sent.length > 1) throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header.')
  const header = sent[0]
  if (header === undefined) return undefined
  const name = header.slice('x-amz-checksum-'.length)
  if (!isChecksumName(name)) {
    throw new S3Error('NotImplemented', `Checksums here are ${CHECKSUM_NAMES.join(', ')}.`)
  }
  const value = headers[header]
  return { name, value: typeof value === 'string' ? value : undefined }
}

function checkChecksum(
  { name, value }: ExpectedChecksum,
  trailers: Map<string, string>,
  actual: string
): void {
  const claimed = value ?? trailers.get(`x-amz-checksum-${name}`)
  if (claimed === undefined || !isChecksumValue(name, claimed)) {
    throw new S3Error('InvalidRequest', `Value for x-amz-checksum-${name} is missing or malformed.`)
  }
  if (claimed !== actual) throw new S3Error('BadDigest', `The ${name} that was sent is not that of the body.`)
}

function checkMd5(claimed: string | undefined, actual: Buffer): void {
  if (claimed === undefined) return
  const bytes = Buffer.from(claimed, 'base64')
  if (bytes.length !== actual.length) throw new S3Error('InvalidDigest')
  if (!bytes.equals(actual)) throw new S3Error('BadDigest')
}

/** A small body as text. */
export async function receiveText(
  incoming: IncomingMessage,
  authenticated: Authenticated,
  limit = 2 * 1024 ** 2
): Promise<string> {
  const pieces: Buffer[] = []
  await receiveBody(incoming, authenticated, { write: (data) => void pieces.push(data) }, { limit })
  return Buffer.concat(pieces).toString('utf8')
}
