/** DeleteObject and DeleteObjects. @module */
import { checkWrite, readWriteCondition } from './conditions.ts'
import { type BucketContext, type ObjectContext, requireBucket } from './context.ts'
import type { Segment } from './records.ts'
import { receiveText } from './request-body.ts'
import { xmlResponse } from './respond.ts'
import { S3Error } from './s3-error.ts'
import { childText, readXml } from './xml-read.ts'
import { branch, leaf, xmlDocument } from './xml-write.ts'

const MAX_KEYS = 1000

export async function deleteObject(context: ObjectContext): Promise<Response> {
  const { incoming, key } = context
  requireBucket(context)
  const condition = readWriteCondition(incoming.headers)
  const [error] = await remove(context, [{ key, match: condition.match }])
  if (error) throw error
  return new Response(null, { status: 204 })
}

export async function deleteObjects(context: BucketContext): Promise<Response> {
  requireBucket(context)
  const root = readXml(await receiveText(context.incoming, context.authenticated))
  const wanted = root.children
    .filter(({ name }) => name === 'Object')
    .map((element) => {
      const key = childText(element, 'Key')
      if (!key || childText(element, 'VersionId')) throw new S3Error('MalformedXML')
      return { key, match: childText(element, 'ETag')?.replace(/^"(.*)"$/, '$1') }
    })
  if (root.name !== 'Delete' || wanted.length === 0 || wanted.length > MAX_KEYS)
    throw new S3Error('MalformedXML')
  const quiet = childText(root, 'Quiet') === 'true'
  const errors = await remove(context, wanted)
  const lines = wanted.map(({ key }, index) => {
    const error = errors[index]
    if (!error) return quiet ? '' : branch('Deleted', leaf('Key', key))
    return branch('Error', leaf('Key', key), leaf('Code', error.code), leaf('Message', error.message))
  })
  return xmlResponse(xmlDocument('DeleteResult', ...lines))
}

/** All in one transaction; what is not there counts as removed. Returns what a condition refused, by position. */
async function remove(
  { store: { meta, blobs }, bucket }: BucketContext,
  wanted: readonly { key: string; match: string | undefined }[]
): Promise<(S3Error | undefined)[]> {
  const removed: Segment[] = []
  const errors = await meta.transaction(() =>
    wanted.map(({ key, match }) => {
      const id = [bucket, key]
      const existing = meta.objects.get(id)
      try {
        checkWrite({ absent: false, match }, existing)
      } catch (error) {
        if (error instanceof S3Error) return error
        throw error
      }
      if (!existing) return undefined
      meta.objects.removeSync(id)
      meta.release(existing.segments)
      removed.push(...existing.segments)
      return undefined
    })
  )
  await blobs.discard(removed)
  return errors
}
