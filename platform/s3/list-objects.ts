/** ListObjectsV2. @module */
import { encodeRfc3986 } from './address.ts'
import { type BucketContext, requireBucket } from './context.ts'
import { afterPrefix, type MetaStore } from './meta-store.ts'
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
  from: string
  seen: string | undefined
}

interface Page {
  contents: { key: string; record: ObjectRecord }[]
  prefixes: string[]
  /** The key that the next page starts with. */
  next: string | undefined
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
  const seen = token === undefined ? startAfter : undefined
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
      leaf('NextContinuationToken', page.next && Buffer.from(page.next).toString('base64url')),
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

function start(token: string | undefined, startAfter: string | undefined): string {
  if (token === undefined) return startAfter === undefined ? '' : `${startAfter}\0`
  const key = Buffer.from(token, 'base64url').toString('utf8')
  if (key === '') throw new S3Error('InvalidArgument', 'The continuation token is not one of ours.')
  return key
}

/** Walks the keys in order and leaps over each common prefix, so that a listing of folders costs no more than they are many. */
function list(meta: MetaStore, { bucket, prefix, delimiter, maxKeys, from, seen }: Selection): Page {
  const page: Page = { contents: [], prefixes: [], next: undefined }
  if (maxKeys === 0) return page
  const to = [bucket, afterPrefix(prefix)]
  let position: string | undefined = later(from, prefix) ? from : prefix
  while (position !== undefined) {
    const keys = meta.objects.keys({ from: [bucket, position], to })
    position = undefined
    for (const id of keys) {
      const [, key] = id as [string, string]
      if (page.contents.length + page.prefixes.length === maxKeys) {
        page.next = key
        return page
      }
      const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      if (cut < 0) {
        const record = meta.objects.get(id)
        if (record) page.contents.push({ key, record })
        continue
      }
      const common = key.slice(0, cut + delimiter.length)
      position = afterPrefix(common)
      if (seen === undefined || later(common, seen)) page.prefixes.push(common)
      break
    }
  }
  return page
}

/** By the bytes in UTF-8; JavaScript compares UTF-16, which has another order. */
function later(a: string, b: string): boolean {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) > 0
}
