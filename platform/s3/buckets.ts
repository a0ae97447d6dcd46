/** The operations on buckets, and on the service. @module */
import { type BucketContext, type Context, requireBucket } from './context.ts'
import { afterPrefix, objectKey } from './meta-store.ts'
import { xmlResponse } from './respond.ts'
import { S3Error } from './s3-error.ts'
import { branch, leaf, xmlDocument } from './xml-write.ts'

/** 3 to 63 lower-case letters, digits, dots and hyphens, without empty labels. */
export const BUCKET_NAME = /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

export function listBuckets({ store }: Context): Response {
  const rows = [...store.meta.buckets.getRange()].map(({ key, value }) =>
    branch('Bucket', leaf('Name', key), leaf('CreationDate', new Date(value.created).toISOString()))
  )
  const owner = branch('Owner', leaf('ID', 'edgeloop'), leaf('DisplayName', 'edgeloop'))
  return xmlResponse(xmlDocument('ListAllMyBucketsResult', owner, branch('Buckets', ...rows)))
}

export function headBucket(context: BucketContext): Response {
  requireBucket(context)
  return new Response(null)
}

export function bucketLocation(context: BucketContext): Response {
  requireBucket(context)
  return xmlResponse(xmlDocument('LocationConstraint'))
}

export async function createBucket({ store: { meta }, bucket }: BucketContext): Promise<Response> {
  if (!BUCKET_NAME.test(bucket)) throw new S3Error('InvalidBucketName')
  await meta.transaction(() => {
    if (meta.buckets.get(bucket)) throw new S3Error('BucketAlreadyOwnedByYou')
    meta.buckets.putSync(bucket, { created: Date.now() })
  })
  return new Response(null, { headers: { location: `/${bucket}` } })
}

export async function deleteBucket(context: BucketContext): Promise<Response> {
  const { meta } = context.store
  const first = objectKey(context.bucket, '')
  await meta.transaction(() => {
    requireBucket(context)
    const objects = meta.objects.getKeysCount({ start: first, end: afterPrefix(first), limit: 1 })
    const uploads = [...meta.uploads.getRange()].some(({ value }) => value.bucket === context.bucket)
    if (objects > 0 || uploads) throw new S3Error('BucketNotEmpty')
    meta.buckets.removeSync(context.bucket)
  })
  return new Response(null, { status: 204 })
}
