/** What every S3 server has to do for Edgeloop; run it with any server's address and credentials. @module */
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { conditionContract } from './contract/conditions.ts'
import { integrityContract } from './contract/integrity.ts'
import { listingContract } from './contract/listing.ts'
import { multipartContract } from './contract/multipart.ts'
import { objectContract } from './contract/objects.ts'
import { clientOf, failure, noise, read, type S3Target } from './contract/target.ts'

export type { S3Target } from './contract/target.ts'

/** Registers the suite; `open` starts the server, or finds one, with an empty bucket. */
export function s3Contract(name: string, open: () => Promise<S3Target>): void {
  describe(name, () => {
    let opened: S3Target
    const target = () => opened
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened?.close())

    describe('buckets', () => {
      test('are created, found, listed and deleted', async () => {
        const client = clientOf(target())
        const Bucket = 'contract-extra'
        expect((await failure(client.send(new HeadBucketCommand({ Bucket }))))?.status).toBe(404)
        await client.send(new CreateBucketCommand({ Bucket }))
        await client.send(new HeadBucketCommand({ Bucket }))
        expect((await failure(client.send(new CreateBucketCommand({ Bucket }))))?.status).toBe(409)
        const { Buckets } = await client.send(new ListBucketsCommand())
        expect(Buckets?.map((each) => each.Name)).toEqual(expect.arrayContaining([Bucket, target().bucket]))
        await client.send(new DeleteBucketCommand({ Bucket }))
        expect((await failure(client.send(new HeadBucketCommand({ Bucket }))))?.status).toBe(404)
      })

      test('that hold something stay', async () => {
        const client = clientOf(target())
        const Bucket = target().bucket
        await client.send(new PutObjectCommand({ Bucket, Key: 'holds', Body: 'x' }))
        expect(await failure(client.send(new DeleteBucketCommand({ Bucket })))).toEqual({
          status: 409,
          name: 'BucketNotEmpty',
        })
      })
    })

    objectContract(target)
    conditionContract(target)
    listingContract(target)
    multipartContract(target)
    integrityContract(target)

    test('everything is there after a restart', async ({ skip }) => {
      if (!target().restart) return skip()
      const Bucket = target().bucket
      const sizes = [0, 10, 1_000_000]
      const before = clientOf(target())
      for (const size of sizes) {
        await before.send(new PutObjectCommand({ Bucket, Key: `restart/${size}`, Body: noise(size) }))
      }
      await target().restart?.()
      const after = clientOf(target())
      for (const size of sizes) {
        expect(Buffer.compare(await read(after, Bucket, `restart/${size}`), noise(size))).toBe(0)
      }
      const { KeyCount } = await after.send(new ListObjectsV2Command({ Bucket, Prefix: 'restart/' }))
      expect(KeyCount).toBe(sizes.length)
    })
  })
}
