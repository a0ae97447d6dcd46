/** Contract: conditional writes and reads. @module */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { clientOf, failure, read, type S3Target } from './target.ts'

const REFUSED = [409, 412]

export function conditionContract(target: () => S3Target): void {
  describe('conditions', () => {
    const setup = () => ({ client: clientOf(target()), Bucket: target().bucket })

    test('If-None-Match: * writes once', async () => {
      const { client, Bucket } = setup()
      const put = (Body: string) =>
        client.send(new PutObjectCommand({ Bucket, Key: 'once', Body, IfNoneMatch: '*' }))
      await put('first')
      expect(await failure(put('second'))).toEqual({ status: 412, name: 'PreconditionFailed' })
      expect((await read(client, Bucket, 'once')).toString()).toBe('first')
    })

    test.each([100, 50_000])(
      'of 50 concurrent If-None-Match puts of %i bytes exactly one wins',
      async (size) => {
        const { client, Bucket } = setup()
        const Key = `race/${size}`
        const bodies = Array.from({ length: 50 }, (_, index) => String(index).padEnd(size, '.'))
        const results = await Promise.all(
          bodies.map((Body) =>
            failure(client.send(new PutObjectCommand({ Bucket, Key, Body, IfNoneMatch: '*' })))
          )
        )
        const winners = results.flatMap((result, index) => (result === undefined ? [index] : []))
        expect(winners).toHaveLength(1)
        for (const result of results) if (result) expect(REFUSED).toContain(result.status)
        expect((await read(client, Bucket, Key)).toString()).toBe(bodies[winners[0]!])
      }
    )

    test('of 50 concurrent If-Match puts exactly one wins', async () => {
      const { client, Bucket } = setup()
      const Key = 'swap'
      const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key, Body: 'start' }))
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          failure(client.send(new PutObjectCommand({ Bucket, Key, Body: `next ${index}`, IfMatch: ETag })))
        )
      )
      const winners = results.flatMap((result, index) => (result === undefined ? [index] : []))
      expect(winners).toHaveLength(1)
      for (const result of results) if (result) expect(REFUSED).toContain(result.status)
      expect((await read(client, Bucket, Key)).toString()).toBe(`next ${winners[0]}`)
    })

    test('If-Match on what is not there is 404', async () => {
      const { client, Bucket } = setup()
      const put = new PutObjectCommand({ Bucket, Key: 'nothing', Body: 'x', IfMatch: '"0"' })
      expect((await failure(client.send(put)))?.status).toBe(404)
    })

    test('reads: 304 and 412', async () => {
      const { client, Bucket } = setup()
      const Key = 'read'
      const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
      const get = (condition: object) =>
        failure(client.send(new GetObjectCommand({ Bucket, Key, ...condition })))
      expect((await get({ IfNoneMatch: ETag }))?.status).toBe(304)
      expect((await get({ IfMatch: '"other"' }))?.status).toBe(412)
      expect(await get({ IfMatch: ETag })).toBeUndefined()
      expect((await get({ IfUnmodifiedSince: new Date(0) }))?.status).toBe(412)
      const { LastModified } = await client.send(new HeadObjectCommand({ Bucket, Key }))
      // Some compare with the fraction of the second that the header leaves out.
      if (!target().strict) return
      expect((await get({ IfModifiedSince: LastModified }))?.status).toBe(304)
      expect(await get({ IfUnmodifiedSince: LastModified })).toBeUndefined()
    })

    test('a multipart upload completes under a condition', async () => {
      const { client, Bucket } = setup()
      const Key = 'multi-once'
      await client.send(new PutObjectCommand({ Bucket, Key, Body: 'first' }))
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
      const part = { Bucket, Key, UploadId, PartNumber: 1 }
      const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand({ ...part, Body: 'second' }))
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32 }] }
      const complete = new CompleteMultipartUploadCommand({
        Bucket,
        Key,
        UploadId,
        MultipartUpload,
        IfNoneMatch: '*',
      })
      expect((await failure(client.send(complete)))?.status).toBe(412)
      expect((await read(client, Bucket, Key)).toString()).toBe('first')
      await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
    })
  })
}
