/** ListParts. @module */
import type { ObjectContext } from './context.ts'
import { listParts, MAX_PART, requireUpload } from './multipart.ts'
import { xmlResponse } from './respond.ts'
import { S3Error } from './s3-error.ts'
import { branch, leaf, xmlDocument } from './xml-write.ts'

const MAX_PARTS_LISTED = 1000

export function listUploadedParts(context: ObjectContext): Response {
  const { store, address, bucket, key } = context
  const { uploadId } = requireUpload(context)
  const marker = Number(address.query.get('part-number-marker') ?? 0)
  const limit = Number(address.query.get('max-parts') ?? MAX_PARTS_LISTED)
  if (!(marker >= 0 && marker <= MAX_PART && limit >= 1)) throw new S3Error('InvalidArgument')
  const parts = listParts(store.meta, uploadId, marker)
  const page = parts.slice(0, Math.min(limit, MAX_PARTS_LISTED))
  return xmlResponse(
    xmlDocument(
      'ListPartsResult',
      leaf('Bucket', bucket),
      leaf('Key', key),
      leaf('UploadId', uploadId),
      leaf('PartNumberMarker', marker),
      leaf('NextPartNumberMarker', page.at(-1)?.number),
      leaf('MaxParts', Math.min(limit, MAX_PARTS_LISTED)),
      leaf('IsTruncated', page.length < parts.length),
      ...page.map(({ number, record }) =>
        branch(
          'Part',
          leaf('PartNumber', number),
          leaf('LastModified', new Date(record.modified).toISOString()),
          leaf('ETag', `"${record.etag}"`),
          leaf('Size', record.size),
          ...Object.entries(record.checksums).map(([name, value]) =>
            leaf(`Checksum${name.toUpperCase()}`, value)
          )
        )
      )
    )
  )
}
