/** Makes an object visible: condition, record and small bytes in one transaction. @module */
import type { PendingBlob } from './blob-store.ts'
import { checkWrite, type WriteCondition } from './conditions.ts'
import type { ObjectContext } from './context.ts'
import type { ObjectRecord } from './records.ts'
import { S3Error } from './s3-error.ts'

/** Resolves once the object is on disk. Throws `NoSuchBucket` and what the condition throws. */
export async function commitObject(
  { store: { meta, blobs }, bucket, key }: ObjectContext,
  condition: WriteCondition,
  pending: readonly PendingBlob[],
  record: ObjectRecord
): Promise<void> {
  const id = [bucket, key]
  const replaced = await meta.transaction(() => {
    if (!meta.buckets.get(bucket)) throw new S3Error('NoSuchBucket')
    const existing = meta.objects.get(id)
    checkWrite(condition, existing)
    for (const blob of pending) meta.adopt(blob)
    meta.objects.putSync(id, record)
    meta.release(existing?.segments ?? [])
    return existing
  })
  await blobs.discard(replaced?.segments ?? [])
}
