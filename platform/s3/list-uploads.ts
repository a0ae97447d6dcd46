/** ListMultipartUploads. @module */
import { encodeRfc3986 } from './address.ts'
import { type BucketContext, requireBucket } from './context.ts'
import { xmlResponse } from './respond.ts'
import { S3Error } from './s3-error.ts'
import { branch, leaf, xmlDocument } from './xml-write.ts'

const MAX_UPLOADS = 1000

interface Unfinished {
  key: string
  id: string
  started: number
}

/** In the order of their keys, and of their beginnings for one key. */
export function listUploads(context: BucketContext): Response {
  requireBucket(context)
  const { store, bucket, address } = context
  const { query } = address
  if (query.get('delimiter')) throw new S3Error('NotImplemented', 'This server lists uploads one by one.')
  const prefix = query.get('prefix') ?? ''
  const keyMarker = query.get('key-marker') ?? ''
  const idMarker = query.get('upload-id-marker') ?? ''
  const limit = Math.min(MAX_UPLOADS, Number(query.get('max-uploads') ?? MAX_UPLOADS))
  if (!(limit >= 1)) throw new S3Error('InvalidArgument', 'max-uploads is not a number from 1.')
  const encode = (key: string) =>
    query.get('encoding-type') === 'url' ? key.split('/').map(encodeRfc3986).join('/') : key

  const isAfterMarker = ({ key, id }: Unfinished) => {
    const order = compare(key, keyMarker)
    return order > 0 || (order === 0 && idMarker !== '' && id > idMarker)
  }
  const unfinished: Unfinished[] = []
  for (const id of store.meta.uploads.keys()) {
    const upload = store.meta.uploads.get(id)
    if (upload?.bucket !== bucket || !upload.key.startsWith(prefix)) continue
    const one = { key: upload.key, id: String(id), started: upload.started }
    if (keyMarker === '' || isAfterMarker(one)) unfinished.push(one)
  }
  unfinished.sort((a, b) => compare(a.key, b.key) || (a.id < b.id ? -1 : 1))
  const page = unfinished.slice(0, limit)
  const isTruncated = page.length < unfinished.length
  const last = isTruncated ? page.at(-1) : undefined
  return xmlResponse(
    xmlDocument(
      'ListMultipartUploadsResult',
      leaf('Bucket', bucket),
      leaf('Prefix', encode(prefix)),
      leaf('KeyMarker', encode(keyMarker)),
      leaf('UploadIdMarker', idMarker),
      leaf('NextKeyMarker', last && encode(last.key)),
      leaf('NextUploadIdMarker', last?.id),
      leaf('MaxUploads', limit),
      leaf('EncodingType', query.get('encoding-type')),
      leaf('IsTruncated', isTruncated),
      ...page.map(({ key, id, started }) =>
        branch(
          'Upload',
          leaf('Key', encode(key)),
          leaf('UploadId', id),
          leaf('StorageClass', 'STANDARD'),
          leaf('Initiated', new Date(started).toISOString())
        )
      )
    )
  )
}

/** By the bytes in UTF-8; JavaScript compares UTF-16, which has another order. */
function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
