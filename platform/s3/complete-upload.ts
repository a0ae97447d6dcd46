/** CompleteMultipartUpload: the parts become the segments of one object, without moving a byte. @module */
import { createHash } from 'node:crypto'
import { type ChecksumName, createChecksum } from './checksum.ts'
import { checkWrite, readWriteCondition } from './conditions.ts'
import { header, type ObjectContext } from './context.ts'
import { combineCrc, isCrcName } from './crc-combine.ts'
import { removeUpload, requireUpload } from './multipart.ts'
import type { Checksums, ObjectRecord, PartRecord, UploadRecord } from './records.ts'
import { receiveText } from './request-body.ts'
import { xmlResponse } from './respond.ts'
import { S3Error } from './s3-error.ts'
import { childText, readXml } from './xml-read.ts'
import { leaf, xmlDocument } from './xml-write.ts'

const MIN_PART = 5 * 1024 ** 2

interface WantedPart {
  number: number
  etag: string
  /** Base64, where the client repeats it. */
  checksums: Checksums
}

export async function completeUpload(context: ObjectContext): Promise<Response> {
  const { store, incoming, authenticated, address, bucket, key } = context
  const { meta, blobs } = store
  const wanted = readParts(await receiveText(incoming, authenticated))
  const condition = readWriteCondition(incoming.headers)
  const id = [bucket, key]
  // The answer to the first completion may have been lost on its way.
  const done = meta.objects.get(id)
  if (done?.uploadId !== undefined && done.uploadId === address.query.get('uploadId'))
    return answer(context, done)
  const { record, garbage } = await meta.transaction(() => {
    const { uploadId, ...upload } = requireUpload(context)
    const parts = wanted.map((part) => match(part, meta.parts.get([uploadId, part.number])))
    const record = assemble(uploadId, upload, parts)
    checkAnnounced(context, record)
    const existing = meta.objects.get(id)
    checkWrite(condition, existing)
    meta.objects.putSync(id, record)
    meta.release(existing?.segments ?? [])
    const unused = removeUpload(meta, uploadId, new Set(wanted.map(({ number }) => number)))
    return { record, garbage: [...(existing?.segments ?? []), ...unused.flatMap(({ segments }) => segments)] }
  })
  await blobs.discard(garbage)
  return answer(context, record)
}

function readParts(source: string): WantedPart[] {
  const root = readXml(source)
  const parts = root.children
    .filter(({ name }) => name === 'Part')
    .map((element) => {
      const number = Number(childText(element, 'PartNumber'))
      const etag = childText(element, 'ETag')
      if (!Number.isInteger(number) || etag === undefined) throw new S3Error('MalformedXML')
      const checksums = Object.fromEntries(
        element.children
          .filter(({ name }) => name.startsWith('Checksum'))
          .map(({ name, text }) => [name.slice('Checksum'.length).toLowerCase(), text])
      )
      return { number, etag: etag.replace(/^"(.*)"$/, '$1'), checksums }
    })
  if (root.name !== 'CompleteMultipartUpload' || parts.length === 0) throw new S3Error('MalformedXML')
  if (parts.some(({ number }, index) => index > 0 && number <= parts[index - 1]!.number)) {
    throw new S3Error('InvalidPartOrder')
  }
  return parts
}

function match(wanted: WantedPart, part: PartRecord | undefined): PartRecord {
  const names = Object.keys(wanted.checksums) as ChecksumName[]
  const same = names.every((name) => part?.checksums[name] === wanted.checksums[name])
  if (!part || part.etag !== wanted.etag || !same) throw new S3Error('InvalidPart')
  return part
}

function assemble(uploadId: string, upload: UploadRecord, parts: PartRecord[]): ObjectRecord {
  if (parts.slice(0, -1).some(({ size }) => size < MIN_PART)) throw new S3Error('EntityTooSmall')
  const md5 = createHash('md5')
  for (const { etag } of parts) md5.update(Buffer.from(etag, 'hex'))
  return {
    size: parts.reduce((sum, { size }) => sum + size, 0),
    etag: `${md5.digest('hex')}-${parts.length}`,
    modified: Date.now(),
    headers: upload.headers,
    checksums: upload.checksum ? { [upload.checksum]: combine(upload.checksum, upload, parts) } : {},
    checksumType: upload.checksumType,
    segments: parts.flatMap(({ segments }) => segments),
    uploadId,
  }
}

function combine(name: ChecksumName, { checksumType }: UploadRecord, parts: PartRecord[]): string {
  const digests = parts.map(({ checksums, size }) => ({
    bytes: Buffer.from(checksums[name]!, 'base64'),
    size,
  }))
  if (checksumType === 'FULL_OBJECT' && isCrcName(name)) {
    let total: Buffer = Buffer.alloc(digests[0]!.bytes.length)
    for (const { bytes, size } of digests) total = combineCrc(name, total, bytes, size)
    return total.toString('base64')
  }
  const checksum = createChecksum(name)
  for (const { bytes } of digests) checksum.update(bytes)
  return `${checksum.digest().toString('base64')}-${parts.length}`
}

/** What the client says about the whole object. */
function checkAnnounced(context: ObjectContext, record: ObjectRecord): void {
  const size = header(context, 'x-amz-mp-object-size')
  if (size !== undefined && Number(size) !== record.size) {
    throw new S3Error('InvalidRequest', 'The object has another size than x-amz-mp-object-size.')
  }
  for (const [name, value] of Object.entries(record.checksums)) {
    const claimed = header(context, `x-amz-checksum-${name}`)
    if (claimed !== undefined && claimed !== value && claimed !== value.replace(/-\d+$/, '')) {
      throw new S3Error('BadDigest')
    }
  }
}

function answer({ incoming, bucket, key }: ObjectContext, record: ObjectRecord): Response {
  const entries = Object.entries(record.checksums)
  return xmlResponse(
    xmlDocument(
      'CompleteMultipartUploadResult',
      leaf('Location', `http://${incoming.headers.host}/${bucket}/${encodeURIComponent(key)}`),
      leaf('Bucket', bucket),
      leaf('Key', key),
      leaf('ETag', `"${record.etag}"`),
      ...entries.map(([name, value]) => leaf(`Checksum${name.toUpperCase()}`, value)),
      leaf('ChecksumType', entries.length > 0 ? record.checksumType : undefined)
    )
  )
}
