/** Conditional requests as S3 answers them. @module */
import type { IncomingHttpHeaders } from 'node:http'
import type { ObjectRecord } from './records.ts'
import { S3Error } from './s3-error.ts'

/** What has to hold for a write. */
export interface WriteCondition {
  absent: boolean
  /** Without quotes; `*` for any. */
  match: string | undefined
}

function bare(etag: string): string {
  return etag.trim().replace(/^(?:W\/)?"(.*)"$/, '$1')
}

export function readWriteCondition(headers: IncomingHttpHeaders): WriteCondition {
  const none = headers['if-none-match']
  if (none !== undefined && bare(none) !== '*') {
    throw new S3Error('NotImplemented', 'A write takes If-None-Match only as *.')
  }
  const match = headers['if-match']
  return { absent: none !== undefined, match: match === undefined ? undefined : bare(match) }
}

/** Throws `PreconditionFailed`, and `NoSuchKey` where If-Match meets nothing. */
export function checkWrite({ absent, match }: WriteCondition, existing: ObjectRecord | undefined): void {
  if (absent && existing) throw new S3Error('PreconditionFailed')
  if (match === undefined) return
  if (!existing) throw new S3Error('NoSuchKey')
  if (match !== '*' && match !== existing.etag) throw new S3Error('PreconditionFailed')
}

function holds(header: string, etag: string): boolean {
  return header.split(',').some((each) => bare(each) === '*' || bare(each) === etag)
}

/** For GET and HEAD, in the order of RFC 9110 section 13.2.2. Throws `PreconditionFailed` and `NotModified`. */
export function checkRead(headers: IncomingHttpHeaders, { etag, modified }: ObjectRecord): void {
  const seconds = Math.floor(modified / 1000) * 1000
  const match = headers['if-match']
  const none = headers['if-none-match']
  const unmodifiedSince = Date.parse(headers['if-unmodified-since'] ?? '')
  const modifiedSince = Date.parse(headers['if-modified-since'] ?? '')
  if (match !== undefined ? !holds(match, etag) : seconds > unmodifiedSince) {
    throw new S3Error('PreconditionFailed')
  }
  if (none !== undefined ? holds(none, etag) : seconds <= modifiedSince) {
    throw new S3Error('NotModified', undefined, {
      etag: `"${etag}"`,
      'last-modified': new Date(modified).toUTCString(),
    })
  }
}
