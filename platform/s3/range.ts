/** The Range header (RFC 9110 section 14.2), one range. @module */
import type { IncomingHttpHeaders } from 'node:http'
import type { ObjectRecord } from './records.ts'
import { S3Error } from './s3-error.ts'

export interface Range {
  start: number
  /** Exclusive. */
  end: number
}

/** Undefined for the whole object: no range, one that is malformed, or If-Range names another version. Throws `InvalidRange`. */
export function readRange(headers: IncomingHttpHeaders, { size, etag }: ObjectRecord): Range | undefined {
  const parts = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '')
  const [, first = '', last = ''] = parts ?? []
  if (first === '' && last === '') return undefined
  const ifRange = headers['if-range']
  if (typeof ifRange === 'string' && ifRange !== `"${etag}"`) return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  if (first !== '' && last !== '' && Number(last) < start) return undefined
  if (start >= end) throw new S3Error('InvalidRange', undefined, { 'content-range': `bytes */${size}` })
  return { start, end }
}
