/** Multipart uploads: create, upload part, list parts, abort. @module */
import { randomUUID } from 'node:crypto'
import { type ChecksumName, isChecksumName } from './checksum.ts'
import { header, type ObjectContext, requireBucket, storeBody } from './context.ts'
import { isCrcName } from './crc-combine.ts'
import type { MetaStore } from './meta-store.ts'
import { checksumHeaders, readObjectHeaders } from './object-headers.ts'
import type { ChecksumType, PartRecord, UploadRecord } from './records.ts'
import { xmlResponse } from './respond.ts'
import { S3Error } from './s3-error.ts'
import { leaf, xmlDocument } from './xml-write.ts'

/** The highest part number. */
export const MAX_PART = 10_000

export async function createUpload(context: ObjectContext): Promise<Response> {
  const { store, incoming, bucket, key } = context
  requireBucket(context)
  const checksum = readAlgorithm(header(context, 'x-amz-checksum-algorithm'))
  const checksumType = readChecksumType(header(context, 'x-amz-checksum-type'), checksum)
  const headers = readObjectHeaders(incoming.headers)
  const started = Date.now()
  // By their ids uploads stand in the order in which they began.
  const uploadId = `${started.toString(36).padStart(9, '0')}-${randomUUID()}`
  const record: UploadRecord = { bucket, key, headers, checksum, checksumType, started }
  await store.meta.transaction(() => store.meta.uploads.putSync(uploadId, record))
  const answer: Record<string, string> = checksum
    ? { 'x-amz-checksum-algorithm': checksum.toUpperCase(), 'x-amz-checksum-type': checksumType }
    : {}
  return xmlResponse(
    xmlDocument(
      'InitiateMultipartUploadResult',
      leaf('Bucket', bucket),
      leaf('Key', key),
      leaf('UploadId', uploadId)
    ),
    answer
  )
}

function readAlgorithm(text: string | undefined): ChecksumName | undefined {
  const name = text?.toLowerCase()
  if (name === undefined || isChecksumName(name)) return name
  throw new S3Error('NotImplemented', `This server does not compute ${text}.`)
}

function readChecksumType(text: string | undefined, checksum: ChecksumName | undefined): ChecksumType {
  // S3 takes CRC64NVME for the full object only, and the others for that only when asked.
  const type = text ?? (checksum === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE')
  const possible = type === 'FULL_OBJECT' ? isCrcName(checksum ?? '') : checksum !== 'crc64nvme'
  if ((type !== 'FULL_OBJECT' && type !== 'COMPOSITE') || !possible) {
    throw new S3Error('InvalidRequest', 'This algorithm and this x-amz-checksum-type do not go together.')
  }
  return type
}

/** Throws `NoSuchUpload`, also where the upload belongs to another key. */
export function requireUpload({
  store,
  bucket,
  key,
  address,
}: ObjectContext): { uploadId: string } & UploadRecord {
  const uploadId = address.query.get('uploadId') ?? ''
  const upload = store.meta.uploads.get(uploadId)
  if (!upload || upload.bucket !== bucket || upload.key !== key) throw new S3Error('NoSuchUpload')
  return { uploadId, ...upload }
}

export async function uploadPart(context: ObjectContext): Promise<Response> {
  const { store, address } = context
  const { meta, blobs } = store
  const { uploadId, checksum } = requireUpload(context)
  const number = Number(address.query.get('partNumber'))
  if (!Number.isInteger(number) || number < 1 || number > MAX_PART) {
    throw new S3Error('InvalidArgument', `A part number is from 1 to ${MAX_PART}.`)
  }
  return storeBody(context, checksum, async (blob, { size, md5, checksums }) => {
    const record: PartRecord = {
      size,
      etag: md5.toString('hex'),
      modified: Date.now(),
      checksums,
      segments: [blob.segment],
    }
    const id = [uploadId, number]
    const replaced = await meta.transaction(() => {
      if (!meta.uploads.get(uploadId)) throw new S3Error('NoSuchUpload')
      const existing = meta.parts.get(id)
      meta.adopt(blob)
      meta.parts.putSync(id, record)
      meta.release(existing?.segments ?? [])
      return existing
    })
    await blobs.discard(replaced?.segments ?? [])
    const { 'x-amz-checksum-type': _, ...headers } = checksumHeaders({ checksums, checksumType: 'COMPOSITE' })
    return new Response(null, { headers: { etag: `"${record.etag}"`, ...headers } })
  })
}

export async function abortUpload(context: ObjectContext): Promise<Response> {
  const { meta, blobs } = context.store
  const { uploadId } = requireUpload(context)
  const removed = await meta.transaction(() => removeUpload(meta, uploadId))
  await blobs.discard(removed.flatMap(({ segments }) => segments))
  return new Response(null, { status: 204 })
}

/** Inside of a transaction: forgets an upload and all of its parts but those whose bytes went into an object. */
export function removeUpload(
  meta: MetaStore,
  uploadId: string,
  kept: ReadonlySet<number> = new Set()
): PartRecord[] {
  const removed = [...listParts(meta, uploadId)]
  meta.uploads.removeSync(uploadId)
  for (const { number } of removed) meta.parts.removeSync([uploadId, number])
  const unused = removed.filter(({ number }) => !kept.has(number)).map(({ record }) => record)
  for (const { segments } of unused) meta.release(segments)
  return unused
}

/** The parts of an upload after a number, in their order. */
export function listParts(
  meta: MetaStore,
  uploadId: string,
  after = 0
): { number: number; record: PartRecord }[] {
  const keys = meta.parts.keys({ from: [uploadId, after + 1], to: [uploadId, MAX_PART + 1] })
  return [...keys].flatMap((key) => {
    const record = meta.parts.get(key)
    return record ? [{ number: (key as [string, number])[1], record }] : []
  })
}
