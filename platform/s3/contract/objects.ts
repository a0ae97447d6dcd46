/** Contract: objects go in and come out as they are. @module */
import { Readable } from 'node:stream'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { type ChecksumMode, clientOf, failure, noise, read, type S3Target } from './target.ts'

/** Names that some server has got wrong. */
export const ODD_KEYS = [
  'with space',
  'plus+plus',
  'percent%41%',
  'double//slash',
  '/leading',
  'trailing/',
  'dots/../up/./here',
  'ünï/日本語/🦉',
  'quote"\'<&>amp;',
  'tilde~!()*,;=:@$?#[]|\\^`{}',
]

const MODES: ChecksumMode[] = ['WHEN_SUPPORTED', 'WHEN_REQUIRED']

export function objectContract(target: () => S3Target): void {
  describe.each(MODES)('objects with checksums %s', (mode) => {
    const setup = () => ({ client: clientOf(target(), mode), Bucket: target().bucket })

    test.each([0, 1, 32_768, 32_769, 300_000, 6_000_000])('%i bytes come back', async (size) => {
      const { client, Bucket } = setup()
      const Key = `sizes/${mode}/${size}`
      const body = noise(size)
      await client.send(new PutObjectCommand({ Bucket, Key, Body: body, ContentType: 'image/x-test' }))
      const found = await client.send(new GetObjectCommand({ Bucket, Key }))
      expect(found.ContentType).toBe('image/x-test')
      expect(found.ContentLength).toBe(size)
      expect(Buffer.compare(await found.Body!.transformToByteArray(), body)).toBe(0)
    })

    test('a stream comes back', async () => {
      const { client, Bucket } = setup()
      const Key = `stream/${mode}`
      // S3 wants 8 KiB at least in every chunk but the last.
      const pieces = [noise(70_000, 1), noise(200_000, 2), noise(1, 3)]
      const ContentLength = 270_001
      const Body = Readable.from(pieces)
      await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength }))
      expect(Buffer.compare(await read(client, Bucket, Key), Buffer.concat(pieces))).toBe(0)
    })

    test.each(ODD_KEYS)('the key %j', async (name) => {
      const { client, Bucket } = setup()
      const Key = `odd-${mode}/${name}`
      const Body = bodyOf(target(), name)
      await client.send(new PutObjectCommand({ Bucket, Key, Body }))
      expect((await read(client, Bucket, Key)).toString()).toBe(Body)
      await client.send(new DeleteObjectCommand({ Bucket, Key }))
      expect((await failure(client.send(new HeadObjectCommand({ Bucket, Key }))))?.status).toBe(404)
    })
  })

  describe('objects', () => {
    const setup = () => ({ client: clientOf(target()), Bucket: target().bucket })

    test('metadata, content headers, ETag and time come back', async () => {
      const { client, Bucket } = setup()
      const Key = 'meta'
      const Metadata = { camera: 'north-1', note: 'a b  c' }
      const headers = { CacheControl: 'max-age=5', ContentDisposition: 'inline', ContentEncoding: 'gzip' }
      const put = await client.send(
        new PutObjectCommand({ Bucket, Key, Body: 'hello', Metadata, ...headers })
      )
      expect(put.ETag).toBe('"5d41402abc4b2a76b9719d911017c592"')
      const head = await client.send(new HeadObjectCommand({ Bucket, Key }))
      expect(head).toMatchObject({ Metadata, ContentLength: 5, ETag: put.ETag, ...headers })
      expect(Math.abs(head.LastModified!.getTime() - Date.now())).toBeLessThan(10_000)
    })

    test.each([
      ['bytes=0-0', 0, 1],
      ['bytes=10-40009', 10, 40_010],
      ['bytes=99990-', 99_990, 100_000],
      ['bytes=-5', 99_995, 100_000],
      ['bytes=50000-999999', 50_000, 100_000],
    ])('the range %s', async (Range, start, end) => {
      const { client, Bucket } = setup()
      const Key = 'range'
      const body = noise(100_000)
      await client.send(new PutObjectCommand({ Bucket, Key, Body: body }))
      const found = await client.send(new GetObjectCommand({ Bucket, Key, Range }))
      expect(found.$metadata.httpStatusCode).toBe(206)
      expect(found.ContentRange).toBe(`bytes ${start}-${end - 1}/100000`)
      expect(Buffer.compare(await found.Body!.transformToByteArray(), body.subarray(start, end))).toBe(0)
    })

    test('a range past the end is 416', async () => {
      const { client, Bucket } = setup()
      await client.send(new PutObjectCommand({ Bucket, Key: 'range-end', Body: 'abc' }))
      const get = new GetObjectCommand({ Bucket, Key: 'range-end', Range: 'bytes=3-' })
      expect(await failure(client.send(get))).toEqual({ status: 416, name: 'InvalidRange' })
    })

    test('what replaces an object is read from then on', async () => {
      const { client, Bucket } = setup()
      for (const size of [10, 100_000, 20, 200_000]) {
        await client.send(new PutObjectCommand({ Bucket, Key: 'replaced', Body: noise(size, size) }))
        expect(Buffer.compare(await read(client, Bucket, 'replaced'), noise(size, size))).toBe(0)
      }
    })

    test('whoever reads while others write gets one version, whole', async () => {
      const { client, Bucket } = setup()
      const Key = 'contended'
      const versions = [noise(700_000, 1), noise(700_000, 2)]
      const put = (Body: Buffer) => client.send(new PutObjectCommand({ Bucket, Key, Body }))
      await put(versions[0]!)
      let writing = true
      const readers = Array.from({ length: 3 }, async () => {
        while (writing) {
          const body = await read(client, Bucket, Key)
          expect(versions.some((version) => version.equals(body))).toBe(true)
        }
      })
      const writers = versions.map(async (version) => {
        for (let count = 0; count < 10; count++) await put(version)
      })
      await Promise.all(writers)
      writing = false
      await Promise.all(readers)
    })

    test('a copy holds the bytes, and outlives its source', async () => {
      const { client, Bucket } = setup()
      for (const size of [100, 100_000]) {
        const Key = `source ä+/${size}`
        const Metadata = { kept: 'yes' }
        await client.send(new PutObjectCommand({ Bucket, Key, Body: noise(size), Metadata }))
        const CopySource = `${Bucket}/${encodeURIComponent(Key)}`
        await client.send(new CopyObjectCommand({ Bucket, Key: `copy/${size}`, CopySource }))
        await client.send(new DeleteObjectCommand({ Bucket, Key }))
        expect(Buffer.compare(await read(client, Bucket, `copy/${size}`), noise(size))).toBe(0)
        const head = await client.send(new HeadObjectCommand({ Bucket, Key: `copy/${size}` }))
        expect(head.Metadata).toEqual(Metadata)
      }
    })

    test('what is missing is 404, by its name', async () => {
      const { client, Bucket } = setup()
      const missing = { Bucket, Key: 'missing' }
      expect(await failure(client.send(new GetObjectCommand(missing)))).toEqual({
        status: 404,
        name: 'NoSuchKey',
      })
      expect((await failure(client.send(new HeadObjectCommand(missing))))?.status).toBe(404)
      const elsewhere = client.send(new GetObjectCommand({ Bucket: 'no-such-bucket', Key: 'x' }))
      expect(await failure(elsewhere)).toEqual({ status: 404, name: 'NoSuchBucket' })
    })

    test('deleting is idempotent, one or many', async () => {
      const { client, Bucket } = setup()
      const keys = ['gone/1', 'gone/<2>&', 'gone/ 3']
      for (const Key of keys) await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
      const Objects = [...keys, 'gone/never'].map((Key) => ({ Key }))
      const many = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
      expect(many.Deleted?.map(({ Key }) => Key)).toEqual([...keys, 'gone/never'])
      expect(many.Errors ?? []).toEqual([])
      await client.send(new DeleteObjectCommand({ Bucket, Key: 'gone/1' }))
      expect((await failure(client.send(new HeadObjectCommand({ Bucket, Key: 'gone/1' }))))?.status).toBe(404)
    })
  })
}

/** Servers on a file system take what ends in a slash for a folder, which holds no bytes of its own. */
export function bodyOf({ strict }: S3Target, key: string): string {
  return key.endsWith('/') && !strict ? '' : key
}
