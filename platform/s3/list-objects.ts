/** ListObjectsV2. @module */
import { encodeRfc3986 } from './address.ts'
import { type BucketContext, requireBucket } from './context.ts'
import { afterPrefix, type MetaStore, objectKey } from './meta-store.ts'
import type { ObjectRecord } from './records.ts'
import { xmlResponse } from './respond.ts'
import { S3Error } from './s3-error.ts'
import { branch, leaf, xmlDocument } from './xml-write.ts'

const MAX_KEYS = 1000

interface Selection {
  bucket: string
  prefix: string
  delimiter: string
  maxKeys: number
  from: Buffer
  seen: Buffer
}

interface Page {
  contents: { key: string; record: ObjectRecord }[]
  prefixes: string[]
  /** Where the next page starts: bytes of a key. */
  next: Buffer | undefined
}

export function listObjects(context: BucketContext): Response {
  const { store, bucket, address } = context
  requireBucket(context)
  const { query } = address
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after')
  const maxKeys = readMaxKeys(query.get('max-keys'))
  const from = start(token, startAfter)
  // As an entry of the listing, a common prefix that is not after `start-after` has been seen; a token never splits one.
  const seen = token === undefined ? from : Buffer.alloc(0)
  const page = list(store.meta, { bucket, prefix, delimiter, maxKeys, from, seen })
  const urlEncoded = query.get('encoding-type') === 'url'
  const encode = (text: string) => (urlEncoded ? text.split('/').map(encodeRfc3986).join('/') : text)
  return xmlResponse(
    xmlDocument(
      'ListBucketResult',
      leaf('Name', bucket),
      leaf('Prefix', encode(prefix)),
      leaf('StartAfter', startAfter === undefined ? undefined : encode(startAfter)),
      leaf('ContinuationToken', token),
      leaf('NextContinuationToken', page.next?.toString('base64url')),
      leaf('KeyCount', page.contents.length + page.prefixes.length),
      leaf('MaxKeys', maxKeys),
      leaf('Delimiter', delimiter === '' ? undefined : encode(delimiter)),
      leaf('EncodingType', urlEncoded ? 'url' : undefined),
      leaf('IsTruncated', page.next !== undefined),
      ...page.contents.map(({ key, record }) => contents(encode(key), record)),
      ...page.prefixes.map((each) => branch('CommonPrefixes', leaf('Prefix', encode(each))))
    )
  )
}

function contents(key: string, record: ObjectRecord): string {
  return branch(
    'Contents',
    leaf('Key', key),
    leaf('LastModified', new Date(record.modified).toISOString()),
    leaf('ETag', `"${record.etag}"`),
    ...Object.keys(record.checksums).map((name) => leaf('ChecksumAlgorithm', name.toUpperCase())),
    leaf('Size', record.size),
    leaf('StorageClass', 'STANDARD')
  )
}

function readMaxKeys(text: string | undefined): number {
  if (text === undefined || text === '') return MAX_KEYS
  if (!/^\d{1,10}$/.test(text)) throw new S3Error('InvalidArgument', 'max-keys is not a number from 0.')
  return Math.min(MAX_KEYS, Number(text))
}

function start(token: string | undefined, startAfter: string | undefined): Buffer {
  if (token !== undefined) {
    const bytes = Buffer.from(token, 'base64url')
    if (bytes.length === 0) throw new S3Error('InvalidArgument', 'The continuation token is not one of ours.')
    return bytes
  }
  return startAfter === undefined ? Buffer.alloc(0) : justAfter(startAfter)
}

function justAfter(key: string): Buffer {
  return Buffer.concat([Buffer.from(key), Buffer.from([0])])
}

/** Walks the keys in order and leaps over each common prefix, so that a listing of folders costs no more than they are many. */
function list(meta: MetaStore, { bucket, prefix, delimiter, maxKeys, from, seen }: Selection): Page {
  const page: Page = { contents: [], prefixes: [], next: undefined }
  if (maxKeys === 0) return page
  const first = Buffer.from(prefix)
  const bucketBytes = objectKey(bucket, '').length
  const end = afterPrefix(objectKey(bucket, prefix))
  let position: Buffer | undefined = Buffer.compare(from, first) > 0 ? from : first
  while (position) {
    const range = meta.objects.getRange({ start: objectKey(bucket, position), end })
    position = undefined
    for (const { key: id, value } of range) {
      const bytes = id.subarray(bucketBytes)
      if (page.contents.length + page.prefixes.length === maxKeys) {
        page.next = Buffer.from(bytes)
        return page
      }
      const key = bytes.toString('utf8')
      const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      if (cut < 0) {
        page.contents.push({ key, record: value })
        continue
      }
      const common = key.slice(0, cut + delimiter.length)
      position = afterPrefix(Buffer.from(common))
      if (Buffer.compare(Buffer.from(common), seen) > 0) page.prefixes.push(common)
      break
    }
  }
  return page
}
