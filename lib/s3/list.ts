/** Listing, a page at a time. @module */
import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import type { ListedObject } from './object-store.ts'

interface Listing {
  client: S3Client
  bucket: string
  prefix: string
  startAfter: string | undefined
  signal: AbortSignal | undefined
}

/** `attempt` runs one request and maps its errors. */
export async function* listObjects(
  { client, bucket, prefix, startAfter, signal }: Listing,
  attempt: <T>(work: () => Promise<T>) => Promise<T>
): AsyncGenerator<ListedObject> {
  let token: string | undefined
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      StartAfter: startAfter,
      ContinuationToken: token,
    })
    const page = await attempt(() => client.send(command, { abortSignal: signal }))
    for (const { Key: key, Size: size = 0, ETag: etag = '', LastModified } of page.Contents ?? []) {
      if (key !== undefined) yield { key, size, etag, lastModified: LastModified ?? new Date(0) }
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined
  } while (token !== undefined)
}
