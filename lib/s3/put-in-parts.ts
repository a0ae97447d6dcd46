/** Putting a large object in parts; the store remembers those that have arrived. @module */
import { createHash } from 'node:crypto'
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  type Part,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { nameOf, statusOf } from './map-error.ts'
import { type Attempt, abortUpload, type Bucket, listUploads } from './uploads.ts'

/** The least that S3 takes for any part but the last: a line that breaks costs no more than that. */
const PART_BYTES = 5 * 2 ** 20

interface Putting extends Bucket {
  /** Sends a request once. */
  once: S3Client
  key: string
  body: Uint8Array
  contentType: string
  /** What is computed for each part besides its MD5, and has to be announced. */
  checksum: 'CRC32' | undefined
  attempt: Attempt
}

/**
 * Sends the parts that an unfinished upload of this key lacks, one after the other, so that on a thin line what is through
 * stays through, and makes them an object.
 *
 * @returns the ETag; undefined where somebody else has put the object, or ended the upload, in the meantime
 */
export async function putInParts(putting: Putting): Promise<string | undefined> {
  const { bucket, key, body, client, once, signal: abortSignal, attempt } = putting
  const id = (await findUpload(putting)) ?? (await createUpload(putting))
  const upload = { Bucket: bucket, Key: key, UploadId: id }
  const arrived = await listParts(putting, id)
  const parts: CompletedPart[] = []
  for (let start = 0; start < body.length; start += PART_BYTES) {
    const bytes = body.subarray(start, start + PART_BYTES)
    const number = parts.length + 1
    const command = new UploadPartCommand({ ...upload, PartNumber: number, Body: bytes })
    const part =
      arrived.find((one) => one.PartNumber === number && isPart(one, bytes)) ??
      (await attempt(() => unlessEnded(client.send(command, { abortSignal }))))
    if (!part) return undefined
    parts.push({ PartNumber: number, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32 })
  }
  const MultipartUpload = { Parts: parts }
  const command = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload, IfNoneMatch: '*' })
  const completed = await attempt(() => unlessEnded(once.send(command, { abortSignal })))
  if (completed) return completed.ETag ?? ''
  await abortUpload(putting, { key, id }, attempt)
  return undefined
}

/** Several may have begun at the same time; the first one is everybody's. */
async function findUpload({ key, attempt, ...bucket }: Putting): Promise<string | undefined> {
  for await (const upload of listUploads(bucket, key, attempt)) if (upload.key === key) return upload.id
  return undefined
}

async function createUpload(putting: Putting): Promise<string> {
  const { client, bucket, key, contentType, checksum, signal: abortSignal, attempt } = putting
  const command = new CreateMultipartUploadCommand({
    Bucket: bucket,
    Key: key,
    ContentType: contentType,
    ChecksumAlgorithm: checksum,
  })
  return (await attempt(() => client.send(command, { abortSignal }))).UploadId!
}

/** Not even the largest photo has more parts than fit on a page. */
async function listParts(putting: Putting, id: string): Promise<Part[]> {
  const { client, bucket, key, signal: abortSignal, attempt } = putting
  const command = new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: id })
  const page = await attempt(() => unlessEnded(client.send(command, { abortSignal })))
  return page?.Parts ?? []
}

/** A part's ETag is the MD5 of its bytes; where a store encrypts with keys of its own it is not, and the part goes up again. */
function isPart({ ETag }: Part, bytes: Uint8Array): boolean {
  return ETag?.replaceAll('"', '') === createHash('md5').update(bytes).digest('hex')
}

/** Undefined where the upload is no more, or where something stands under its key already. */
async function unlessEnded<T>(sending: Promise<T>): Promise<T | undefined> {
  try {
    return await sending
  } catch (thrown) {
    if (nameOf(thrown) === 'NoSuchUpload' || statusOf(thrown) === 412) return undefined
    throw thrown
  }
}
