/** PutObject. @module */
import { commitObject } from './commit-object.ts'
import { checkWrite, readWriteCondition } from './conditions.ts'
import { type ObjectContext, requireBucket, storeBody } from './context.ts'
import { checksumHeaders, readObjectHeaders } from './object-headers.ts'
import type { ObjectRecord } from './records.ts'

export async function putObject(context: ObjectContext): Promise<Response> {
  const { store, incoming, bucket, key } = context
  requireBucket(context)
  const headers = readObjectHeaders(incoming.headers)
  const condition = readWriteCondition(incoming.headers)
  // Spares the disk what cannot succeed; the transaction decides.
  checkWrite(condition, store.meta.objects.get([bucket, key]))
  return storeBody(context, undefined, async (blob, { size, md5, checksums }) => {
    const record: ObjectRecord = {
      size,
      etag: md5.toString('hex'),
      modified: Date.now(),
      checksums,
      checksumType: 'FULL_OBJECT',
      headers,
      segments: [blob.segment],
    }
    await commitObject(context, condition, [blob], record)
    return new Response(null, { headers: { etag: `"${record.etag}"`, ...checksumHeaders(record) } })
  })
}
