/** Contract: multipart uploads. @module */
import { createHash } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { type ChecksumMode, clientOf, failure, noise, read, type S3Target } from './target.ts'

const MIN_PART = 5 * 1024 ** 2
const MODES: ChecksumMode[] = ['WHEN_SUPPORTED', 'WHEN_REQUIRED']

export function multipartContract(target: () => S3Target): void {
  describe.each(MODES)('multipart with checksums %s', (mode) => {
    const setup = () => ({ client: clientOf(target(), mode), Bucket: target().bucket })

    async function start(Key: string, sizes: number[]) {
      const { client, Bucket } = setup()
      const ContentType = 'model/x-test'
      // Parts that carry a checksum want an upload that was announced with it.
      const ChecksumAlgorithm = mode === 'WHEN_SUPPORTED' ? 'CRC32' : undefined
      const create = new CreateMultipartUploadCommand({ Bucket, Key, ContentType, ChecksumAlgorithm })
      const { UploadId } = await client.send(create)
      const bodies = sizes.map((size, index) => noise(size, index + 1))
      const parts = await Promise.all(
        bodies.map(async (Body, index): Promise<CompletedPart> => {
          const PartNumber = (index + 1) * 3
          const part = { Bucket, Key, UploadId, PartNumber, Body }
          const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand(part))
          return { PartNumber, ETag, ChecksumCRC32 }
        })
      )
      const complete = (Parts: CompletedPart[] = parts) =>
        client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }))
      return { client, Bucket, UploadId, bodies, parts, complete }
    }

    test('parts become one object', async () => {
      const Key = `multi/${mode}`
      const { client, Bucket, bodies, complete } = await start(Key, [MIN_PART, MIN_PART + 1, 100])
      expect((await failure(client.send(new HeadObjectCommand({ Bucket, Key }))))?.status).toBe(404)
      const done = await complete()
      const md5 = createHash('md5')
      for (const body of bodies) md5.update(createHash('md5').update(body).digest())
      expect(done.ETag).toBe(`"${md5.digest('hex')}-3"`)
      const whole = Buffer.concat(bodies)
      expect(Buffer.compare(await read(client, Bucket, Key), whole)).toBe(0)
      const head = await client.send(new HeadObjectCommand({ Bucket, Key }))
      expect(head).toMatchObject({
        ContentLength: whole.length,
        ContentType: 'model/x-test',
        ETag: done.ETag,
      })
      // Across two borders between parts.
      const [from, to] = [MIN_PART - 10, 2 * MIN_PART + 20]
      const found = await client.send(new GetObjectCommand({ Bucket, Key, Range: `bytes=${from}-${to - 1}` }))
      expect(Buffer.compare(await found.Body!.transformToByteArray(), whole.subarray(from, to))).toBe(0)
    })

    test('parts are listed, and replaced by number', async () => {
      const Key = `multi-list/${mode}`
      const { client, Bucket, UploadId, bodies } = await start(Key, [20, 30])
      await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 3, Body: 'replaced' }))
      const { Parts, IsTruncated } = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }))
      expect(IsTruncated).toBe(false)
      expect(Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
        [3, 8],
        [6, bodies[1]!.length],
      ])
      await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
      expect(await failure(client.send(new ListPartsCommand({ Bucket, Key, UploadId })))).toEqual({
        status: 404,
        name: 'NoSuchUpload',
      })
    })

    test('what does not fit together is refused', async () => {
      const { parts, complete } = await start(`multi-bad/${mode}`, [100, 100])
      expect(await failure(complete())).toEqual({ status: 400, name: 'EntityTooSmall' })
      expect(['InvalidPartOrder', 'EntityTooSmall']).toContain(
        (await failure(complete([...parts].reverse())))?.name
      )
      const wrong = [{ ...parts[0]!, ETag: '"00000000000000000000000000000000"' }]
      expect(await failure(complete(wrong))).toEqual({ status: 400, name: 'InvalidPart' })
      expect(await failure(complete([{ ...parts[0]!, PartNumber: 9 }]))).toEqual({
        status: 400,
        name: 'InvalidPart',
      })
      expect(await failure(complete([parts[1]!]))).toBeUndefined()
    })
  })

  test('unfinished uploads are listed by prefix, in the order of their keys, a page at a time', async () => {
    const client = clientOf(target(), 'WHEN_REQUIRED')
    const Bucket = target().bucket
    const begin = async (Key: string) => {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
      return { Key, UploadId }
    }
    const begun = []
    for (const key of ['b', 'a', 'ä b', 'a', 'c/d']) begun.push(await begin(`unfinished/${key}`))
    await begin('unfinished-other')
    const list = async (more: object = {}) =>
      client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'unfinished/', ...more }))
    const inOrder = [begun[1], begun[3], begun[0], begun[4], begun[2]]
    const keys = ['a', 'a', 'b', 'c/d', 'ä b'].map((key) => `unfinished/${key}`)
    const all = await list()
    expect(all.IsTruncated).toBe(false)
    expect(all.Uploads?.map(({ Key }) => Key)).toEqual(keys)
    const named = (uploads: { Key?: string; UploadId?: string }[] = []) =>
      uploads.map(({ Key, UploadId }) => `${Key} ${UploadId}`)
    expect(named(all.Uploads).toSorted()).toEqual(named(inOrder as { Key: string }[]).toSorted())
    for (const { Initiated } of all.Uploads ?? [])
      expect(Math.abs(Date.now() - Initiated!.getTime())).toBeLessThan(60_000)
    const paged = []
    // Good servers refuse a marker in the middle of a key's uploads; nobody has as many as do not fit on a page.
    const MaxUploads = target().strict ? 2 : 1000
    for (let next: object | undefined = {}; next; ) {
      const page = await list({ MaxUploads, ...next })
      expect(page.Uploads?.length).toBeLessThanOrEqual(MaxUploads)
      paged.push(...(page.Uploads ?? []))
      const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page
      next = page.IsTruncated ? { KeyMarker, UploadIdMarker } : undefined
    }
    expect(named(paged).toSorted()).toEqual(named(all.Uploads).toSorted())
    expect(paged.map(({ Key }) => Key)).toEqual(keys)

    const [first, ...rest] = begun
    const part = { Bucket, ...first!, PartNumber: 1, Body: 'x' }
    const { ETag } = await client.send(new UploadPartCommand(part))
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    await client.send(new CompleteMultipartUploadCommand({ Bucket, ...first!, MultipartUpload }))
    for (const one of rest) await client.send(new AbortMultipartUploadCommand({ Bucket, ...one }))
    expect((await list()).Uploads ?? []).toEqual([])
  })

  test('a CRC of the full object is put together from those of the parts', async () => {
    const client = clientOf(target())
    const Bucket = target().bucket
    const Key = 'multi-full'
    const created = await client.send(
      new CreateMultipartUploadCommand({
        Bucket,
        Key,
        ChecksumAlgorithm: 'CRC32C',
        ChecksumType: 'FULL_OBJECT',
      })
    )
    const { UploadId } = created
    const Parts: CompletedPart[] = []
    for (const [index, size] of [MIN_PART, 12_345].entries()) {
      const PartNumber = index + 1
      const part = { Bucket, Key, UploadId, PartNumber, ChecksumAlgorithm: 'CRC32C' as const }
      const { ETag, ChecksumCRC32C } = await client.send(
        new UploadPartCommand({ ...part, Body: noise(size) })
      )
      Parts.push({ PartNumber, ETag, ChecksumCRC32C })
    }
    await client.send(
      new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } })
    )
    const head = await client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
    expect(head.ChecksumType).toBe('FULL_OBJECT')
    // The SDK compares the checksum with the bytes.
    expect((await read(client, Bucket, Key)).length).toBe(MIN_PART + 12_345)
  })
}
