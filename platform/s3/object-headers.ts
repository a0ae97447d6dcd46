/** The header fields that are kept with an object and given back. @module */
import type { IncomingHttpHeaders } from 'node:http'
import type { ObjectRecord } from './records.ts'
import { S3Error } from './s3-error.ts'

const KEPT = ['content-type', 'cache-control', 'content-disposition', 'content-language', 'expires'] as const

/** Silence about these would be a broken promise. */
const REFUSED =
  /^x-amz-(?:server-side-encryption-customer|server-side-encryption|object-lock|tagging$|website-redirect|grant)/

const MAX_META_BYTES = 2048

/** Throws `MetadataTooLarge`, and `NotImplemented` for what this server would otherwise silently ignore. */
export function readObjectHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = { 'content-type': 'binary/octet-stream' }
  let metaBytes = 0
  for (const [name, value] of Object.entries(headers)) {
    if (REFUSED.test(name)) throw new S3Error('NotImplemented', `This server does not do ${name}.`)
    if (typeof value !== 'string') continue
    if (KEPT.some((each) => each === name)) kept[name] = value
    if (name.startsWith('x-amz-meta-')) {
      kept[name] = value
      metaBytes += name.length - 'x-amz-meta-'.length + value.length
    }
  }
  const encoding = (headers['content-encoding'] ?? '')
    .split(/\s*,\s*/)
    .filter((each) => each !== '' && each !== 'aws-chunked')
  if (encoding.length > 0) kept['content-encoding'] = encoding.join(',')
  if (metaBytes > MAX_META_BYTES) throw new S3Error('MetadataTooLarge')
  return kept
}

/** `x-amz-checksum-*` fields of a record. */
export function checksumHeaders(
  record: Pick<ObjectRecord, 'checksums' | 'checksumType'>
): Record<string, string> {
  const entries = Object.entries(record.checksums).map(([name, value]) => [`x-amz-checksum-${name}`, value])
  if (entries.length > 0) entries.push(['x-amz-checksum-type', record.checksumType])
  return Object.fromEntries(entries)
}
