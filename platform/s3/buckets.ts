/** The operations on buckets, and on the service. @module */
import { type BucketContext, type Context, requireBucket } from './context.ts'
import { afterPrefix } from './meta-store.ts'
import { xmlResponse } from './respond.ts'
import { S3Error } from './s3-error.ts'
import { branch, leaf, xmlDocument } from './xml-write.ts'

/** 3 to 63 lower-case letters, digits, dots and hyphens, without empty labels. */
export const BUCKET_NAME = /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

export function listBuckets({ store }: Context): Response {
  const rows = [...store.meta.buckets.keys()].map((name) => {
    const created = new Date(store.meta.buckets.get(name)?.created ?? 0)
    return branch('Bucket', leaf('Name', String(name)), leaf('CreationDate', created.toISOString()))
  })
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
  const { bucket, store } = context
  const { meta } = store
  await meta.transaction(() => {
    requireBucket(context)
    const objects = [...meta.objects.keys({ from: [bucket, ''], to: [bucket, afterPrefix('')], limit: 1 })]
    const uploads = [...meta.uploads.keys()].some((id) => meta.uploads.get(id)?.bucket === bucket)
    if (objects.length > 0 || uploads) throw new S3Error('BucketNotEmpty')
    meta.buckets.removeSync(bucket)
  })
  return new Response(null, { status: 204 })
}
