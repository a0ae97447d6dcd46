/** What every operation gets. @module */
import type { IncomingMessage } from 'node:http'
import type { Address } from './address.ts'
import type { Authenticated } from './authenticate.ts'
import type { BlobStore, PendingBlob } from './blob-store.ts'
import type { ChecksumName } from './checksum.ts'
import type { MetaStore } from './meta-store.ts'
import { type ReceivedBody, receiveBody } from './request-body.ts'
import { S3Error } from './s3-error.ts'

export interface S3Store {
  meta: MetaStore
  blobs: BlobStore
}

export interface Context {
  store: S3Store
  incoming: IncomingMessage
  address: Address
  authenticated: Authenticated
}

export interface BucketContext extends Context {
  bucket: string
}

export interface ObjectContext extends BucketContext {
  key: string
}

/** Throws `NoSuchBucket`. */
export function requireBucket({ store, bucket }: Pick<BucketContext, 'store' | 'bucket'>): void {
  if (!store.meta.buckets.get(bucket)) throw new S3Error('NoSuchBucket')
}

/** Streams the request's body to disk and lets `commit` refer to it; what `commit` refuses is forgotten. */
export async function storeBody<T>(
  { store, incoming, authenticated }: Context,
  compute: ChecksumName | undefined,
  commit: (blob: PendingBlob, body: ReceivedBody) => Promise<T>
): Promise<T> {
  const sink = store.blobs.createSink()
  let blob: PendingBlob | undefined
  try {
    const body = await receiveBody(incoming, authenticated, sink, { compute })
    blob = await sink.finish()
    return await commit(blob, body)
  } catch (error) {
    if (blob) await store.blobs.discard([blob.segment])
    else await sink.discard()
    throw error
  }
}

/** One header as text. */
export function header({ incoming }: Pick<Context, 'incoming'>, name: string): string | undefined {
  const value = incoming.headers[name]
  return Array.isArray(value) ? value.join(',') : value
}
