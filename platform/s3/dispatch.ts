/** Which operation a request asks for: S3 tells them apart by method, by path and by the names in the query. @module */
import { bucketLocation, createBucket, deleteBucket, headBucket, listBuckets } from './buckets.ts'
import { completeUpload } from './complete-upload.ts'
import type { BucketContext, Context, ObjectContext } from './context.ts'
import { copyObject } from './copy-object.ts'
import { deleteObject, deleteObjects } from './delete-objects.ts'
import { getObject, headObject } from './get-object.ts'
import { listObjects } from './list-objects.ts'
import { listUploadedParts } from './list-parts.ts'
import { listUploads } from './list-uploads.ts'
import { abortUpload, createUpload, uploadPart } from './multipart.ts'
import { putObject } from './put-object.ts'
import { S3Error } from './s3-error.ts'

type Answer = Response | Promise<Response>

const SERVICE: Record<string, (context: Context) => Answer> = { 'GET ': listBuckets }

const BUCKET: Record<string, (context: BucketContext) => Answer> = {
  'GET list-type': listObjects,
  'GET uploads': listUploads,
  'GET location': bucketLocation,
  'POST delete': deleteObjects,
  'HEAD ': headBucket,
  'PUT ': createBucket,
  'DELETE ': deleteBucket,
}

const OBJECT: Record<string, (context: ObjectContext) => Answer> = {
  'GET ': getObject,
  'HEAD ': headObject,
  'PUT ': putObject,
  'PUT copy': copyObject,
  'DELETE ': deleteObject,
  'POST uploads': createUpload,
  'PUT uploadId': uploadPart,
  'POST uploadId': completeUpload,
  'DELETE uploadId': abortUpload,
  'GET uploadId': listUploadedParts,
}

/** Names in a query that only refine an operation. */
const REFINEMENTS =
  /^(?:x-id|X-Amz-.*|response-.*|partNumber|versionId|prefix|delimiter|max-keys|start-after|continuation-token|encoding-type|fetch-owner|max-parts|part-number-marker|max-uploads|key-marker|upload-id-marker|max-buckets)$/

/** Throws `NotImplemented` for what this server does not know. */
export function dispatch(context: Context): Answer {
  const { incoming, address } = context
  const { bucket, key, query } = address
  const names = [...query.keys()].filter((name) => !REFINEMENTS.test(name))
  if (incoming.headers['x-amz-copy-source'] !== undefined) names.push('copy')
  const operation = `${incoming.method} ${names.sort().join(' ')}`
  if (bucket === undefined) return pick(SERVICE, operation)(context)
  if (key === undefined) return pick(BUCKET, operation)({ ...context, bucket })
  return pick(OBJECT, operation)({ ...context, bucket, key })
}

function pick<C>(
  operations: Record<string, (context: C) => Answer>,
  operation: string
): (context: C) => Answer {
  const found = operations[operation]
  if (!found) throw new S3Error('NotImplemented', `This server does not do ${operation.trim()}.`)
  return found
}
