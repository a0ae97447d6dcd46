/** GetObject and HeadObject. @module */
import { checkRead } from './conditions.ts'
import { type ObjectContext, requireBucket } from './context.ts'
import { checksumHeaders } from './object-headers.ts'
import { readRange } from './range.ts'
import { readSegments } from './read-segments.ts'
import type { ObjectRecord } from './records.ts'
import { S3Error } from './s3-error.ts'

/** Query parameters that replace a header field of the answer. */
const OVERRIDES = [
  'content-type',
  'content-language',
  'expires',
  'cache-control',
  'content-disposition',
  'content-encoding',
]

export async function getObject(context: ObjectContext): Promise<Response> {
  const { record, headers } = find(context)
  const range = readRange(context.incoming.headers, record)
  const { start, end } = range ?? { start: 0, end: record.size }
  if (range) {
    headers['content-range'] = `bytes ${start}-${end - 1}/${record.size}`
  } else if (context.incoming.headers['x-amz-checksum-mode'] === 'ENABLED') {
    Object.assign(headers, checksumHeaders(record))
  }
  const body = await readSegments(context.store, record.segments, start, end)
  headers['content-length'] = String(end - start)
  return new Response(body as BodyInit | null, { status: range ? 206 : 200, headers })
}

export function headObject(context: ObjectContext): Response {
  const { record, headers } = find(context)
  const range = readRange(context.incoming.headers, record)
  if (range) headers['content-range'] = `bytes ${range.start}-${range.end - 1}/${record.size}`
  else if (context.incoming.headers['x-amz-checksum-mode'] === 'ENABLED') {
    Object.assign(headers, checksumHeaders(record))
  }
  headers['content-length'] = String(range ? range.end - range.start : record.size)
  return new Response(null, { status: range ? 206 : 200, headers })
}

function find(context: ObjectContext): { record: ObjectRecord; headers: Record<string, string> } {
  const { store, incoming, address, bucket, key } = context
  requireBucket(context)
  if (address.query.has('versionId') || address.query.has('partNumber')) {
    throw new S3Error('NotImplemented', 'This server reads neither versions nor parts.')
  }
  const found = store.meta.objects.read([bucket, key])
  if (!found) throw new S3Error('NoSuchKey')
  // To call it missing would invite others to act on that.
  if (!found.value) throw new Error(`the record of ${bucket}/${key} is rotten: ${found.why}`)
  const record = found.value
  checkRead(incoming.headers, record)
  const headers: Record<string, string> = {
    ...record.headers,
    etag: `"${record.etag}"`,
    'last-modified': new Date(record.modified).toUTCString(),
    'accept-ranges': 'bytes',
  }
  for (const name of OVERRIDES) {
    const value = address.query.get(`response-${name}`)
    if (value !== undefined) headers[name] = value
  }
  return { record, headers }
}
