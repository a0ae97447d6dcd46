/** CopyObject: the copy shares the bytes of its source (a hard link), so that its cost does not grow with its size. @module */

import { randomUUID } from 'node:crypto'
import { readAddress } from './address.ts'
import type { PendingBlob } from './blob-store.ts'
import { commitObject } from './commit-object.ts'
import { checkRead, readWriteCondition } from './conditions.ts'
import { header, type ObjectContext, requireBucket, type S3Store } from './context.ts'
import { readObjectHeaders } from './object-headers.ts'
import type { ObjectRecord, Segment } from './records.ts'
import { xmlResponse } from './respond.ts'
import { S3Error } from './s3-error.ts'
import { leaf, xmlDocument } from './xml-write.ts'

export async function copyObject(context: ObjectContext): Promise<Response> {
  const { store, incoming, bucket, key } = context
  requireBucket(context)
  const source = readSource(header(context, 'x-amz-copy-source')!)
  requireBucket({ store, bucket: source.bucket })
  const original = store.meta.objects.get([source.bucket, source.key])
  if (!original) throw new S3Error('NoSuchKey')
  const condition = (name: string) => header(context, `x-amz-copy-source-if-${name}`)
  try {
    checkRead(
      {
        'if-match': condition('match'),
        'if-none-match': condition('none-match'),
        'if-modified-since': condition('modified-since'),
        'if-unmodified-since': condition('unmodified-since'),
      },
      original
    )
  } catch (error) {
    throw error instanceof S3Error ? new S3Error('PreconditionFailed') : error
  }
  const headers = readObjectHeaders(incoming.headers)
  const replace = header(context, 'x-amz-metadata-directive')?.toUpperCase() === 'REPLACE'
  if (!replace && source.bucket === bucket && source.key === key) {
    throw new S3Error('InvalidRequest', 'A copy onto itself has to replace the metadata.')
  }
  const writeCondition = readWriteCondition(incoming.headers)
  const unpin = store.blobs.pin(original.segments)
  // At once: the next transaction may remove inline bytes.
  const pending = copyInline(store, original.segments)
  try {
    for (const [index, segment] of original.segments.entries()) {
      pending[index] ??= await store.blobs.duplicate(segment)
    }
    const copied = pending.filter((blob) => blob !== undefined)
    const record: ObjectRecord = {
      ...original,
      headers: replace ? headers : original.headers,
      modified: Date.now(),
      segments: copied.map(({ segment }) => segment),
      uploadId: undefined,
    }
    await commitObject(context, writeCondition, copied, record)
    return xmlResponse(
      xmlDocument(
        'CopyObjectResult',
        leaf('ETag', `"${record.etag}"`),
        leaf('LastModified', new Date(record.modified).toISOString())
      )
    )
  } catch (error) {
    await store.blobs.discard(pending.flatMap((blob) => blob?.segment ?? []))
    throw error
  } finally {
    unpin()
  }
}

function copyInline({ meta }: S3Store, segments: readonly Segment[]): (PendingBlob | undefined)[] {
  return segments.map(({ id, size, inline }) =>
    inline ? { segment: { id: randomUUID(), size, inline }, bytes: meta.inline.get(id) } : undefined
  )
}

function readSource(text: string): { bucket: string; key: string } {
  const { bucket, key, query } = readAddress(text.startsWith('/') ? text : `/${text}`)
  if (query.has('versionId')) throw new S3Error('NotImplemented', 'This server keeps no versions.')
  if (!bucket || !key) throw new S3Error('InvalidArgument', 'x-amz-copy-source is not /bucket/key.')
  return { bucket, key }
}
