/** Contract: who may, and whether the bytes are those that were meant. @module */
import { createHash } from 'node:crypto'
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { signedChunks, unsignedChunks } from './chunks.ts'
import { presign, rawRequest } from './raw-request.ts'
import { clientOf, failure, noise, type S3Target } from './target.ts'

const ALGORITHMS = ['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const

export function integrityContract(target: () => S3Target): void {
  const path = (key: string) => `/${target().bucket}/${key}`

  async function expectAbsent(Key: string) {
    const head = clientOf(target()).send(new HeadObjectCommand({ Bucket: target().bucket, Key }))
    expect((await failure(head))?.status).toBe(404)
  }

  describe('signatures', () => {
    const get = (key: string) => new GetObjectCommand({ Bucket: target().bucket, Key: key })

    test('a wrong secret is 403 SignatureDoesNotMatch', async () => {
      const client = clientOf({ ...target(), secretAccessKey: 'wrong' })
      expect(await failure(client.send(get('x')))).toEqual({ status: 403, name: 'SignatureDoesNotMatch' })
    })

    test('an unknown access key is 403 InvalidAccessKeyId', async () => {
      const client = clientOf({ ...target(), accessKeyId: 'nobody' })
      const refused = await failure(client.send(get('x')))
      if (target().strict) expect(refused).toEqual({ status: 403, name: 'InvalidAccessKeyId' })
      else expect(refused?.status).toBeGreaterThanOrEqual(400)
    })

    test('a refused large body gets its answer', async () => {
      const client = clientOf({ ...target(), secretAccessKey: 'wrong' })
      const put = new PutObjectCommand({ Bucket: target().bucket, Key: 'x', Body: noise(20_000_000) })
      const refused = await failure(client.send(put))
      // Some close the connection while the client is still sending.
      if (target().strict || refused?.status) expect(refused?.name).toBe('SignatureDoesNotMatch')
      expect(refused).toBeDefined()
    })

    test('a presigned address is enough, until it expires', async () => {
      const { bucket, endpoint } = target()
      const Key = 'pre signed+'
      await clientOf(target()).send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'hello' }))
      const get = (date?: Date, more = '') =>
        fetch(endpoint + presign(target(), `/${bucket}/${encodeURIComponent(Key)}`, 60, date) + more)
      expect(await (await get()).text()).toBe('hello')
      expect((await get(undefined, '&response-content-type=x')).status).toBe(403)
      expect((await get(new Date(Date.now() - 61_000))).status).toBe(403)
    })

    test('no signature is 403 AccessDenied', async () => {
      const answer = await fetch(`${target().endpoint}${path('x')}`)
      expect(answer.status).toBe(403)
      expect(await answer.text()).toContain('<Code>AccessDenied</Code>')
    })

    test('a signature of an hour ago is 403 RequestTimeTooSkewed', async () => {
      const date = new Date(Date.now() - 3_600_000)
      const answer = await rawRequest(target(), { method: 'GET', path: path('x'), date })
      expect(answer.status).toBe(403)
      expect(answer.text).toContain('<Code>RequestTimeTooSkewed</Code>')
    })
  })

  describe('digests', () => {
    test.each(ALGORITHMS)('%s is checked and given back', async (ChecksumAlgorithm) => {
      const client = clientOf(target())
      const input = { Bucket: target().bucket, Key: `sum/${ChecksumAlgorithm}` }
      const put = await client.send(
        new PutObjectCommand({ ...input, Body: noise(50_000), ChecksumAlgorithm })
      )
      const field = `Checksum${ChecksumAlgorithm}` as const
      expect(put[field]).toMatch(/^[A-Za-z0-9+/]+=*$/)
      const head = await client.send(new HeadObjectCommand({ ...input, ChecksumMode: 'ENABLED' }))
      expect(head[field]).toBe(put[field])
      expect(head.ChecksumType).toBe('FULL_OBJECT')
    })

    test.each([
      ['x-amz-checksum-crc32', 'AAAAAA==', 'BadDigest'],
      ['x-amz-checksum-crc32c', 'AAAAAA==', 'BadDigest'],
      ['x-amz-checksum-sha256', Buffer.alloc(32).toString('base64'), 'BadDigest'],
      ['x-amz-checksum-crc32', 'no', 'InvalidRequest'],
      ['content-md5', Buffer.alloc(16).toString('base64'), 'BadDigest'],
      ['content-md5', 'no', 'InvalidDigest'],
    ])('a wrong %s (%s) is 400 %s', async (name, value, code) => {
      for (const size of [100, 100_000]) {
        const headers = { [name]: value }
        const request = { method: 'PUT', path: path('bad-sum'), headers, body: noise(size) }
        const answer = await rawRequest(target(), request)
        expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(`<Code>${code}</Code>`)])
      }
      await expectAbsent('bad-sum')
    })

    test('a CRC64NVME is checked and given back', async () => {
      // The SDK computes it only with a native library. CRC-64/NVME of "123456789".
      const crc = Buffer.from('ae8b14860a799888', 'hex').toString('base64')
      const put = (value: string) =>
        rawRequest(target(), {
          method: 'PUT',
          path: path('nvme'),
          headers: { 'x-amz-checksum-crc64nvme': value },
          body: '123456789',
        })
      const taken = await put(crc)
      expect([taken.status, taken.headers['x-amz-checksum-crc64nvme']]).toEqual([200, crc])
      expect((await put(Buffer.alloc(8).toString('base64'))).status).toBe(400)
    })

    test('a right Content-MD5 is taken', async () => {
      const md5 = createHash('md5').update('hello').digest('base64')
      const request = { method: 'PUT', path: path('md5'), headers: { 'content-md5': md5 }, body: 'hello' }
      expect((await rawRequest(target(), request)).status).toBe(200)
    })

    test('a body that is not the signed one is 400', async () => {
      const payloadHash = createHash('sha256').update('other').digest('hex')
      const answer = await rawRequest(target(), {
        method: 'PUT',
        path: path('bad-sha'),
        body: 'body',
        payloadHash,
      })
      expect(answer.status).toBe(400)
      expect(answer.text).toContain('<Code>XAmzContentSHA256Mismatch</Code>')
      await expectAbsent('bad-sha')
    })
  })

  describe('chunked bodies', () => {
    const body = noise(150_000)
    const crc = Buffer.alloc(4)

    test.each([1, 7, 1000])('unsigned with a trailer, sent %i bytes at first', async (first) => {
      const { headers, payloadHash, encode } = unsignedChunks(body)
      const encoded = encode()
      const pieces = [
        encoded.subarray(0, first),
        encoded.subarray(first, first + 9),
        encoded.subarray(first + 9),
      ]
      const request = { method: 'PUT', path: path(`chunked-${first}`), headers, payloadHash, body: pieces }
      expect((await rawRequest(target(), request)).status).toBe(200)
      const get = new GetObjectCommand({ Bucket: target().bucket, Key: `chunked-${first}` })
      const found = await clientOf(target()).send(get)
      expect(Buffer.compare(await found.Body!.transformToByteArray(), body)).toBe(0)
      if (target().strict) expect(found.ContentEncoding ?? '').toBe('')
    })

    test('a wrong trailer is 400', async () => {
      const { headers, payloadHash, encode } = unsignedChunks(body, crc.toString('base64'))
      const request = { method: 'PUT', path: path('bad-trailer'), headers, payloadHash, body: encode() }
      expect((await rawRequest(target(), request)).status).toBe(400)
      await expectAbsent('bad-trailer')
    })

    test('signed chunks are taken, with and without a trailer', async () => {
      for (const trailer of [false, true]) {
        const { headers, payloadHash, sign } = signedChunks(body, { trailer })
        const request = { method: 'PUT', path: path(`signed-${trailer}`), headers, payloadHash, sign }
        const answer = await rawRequest(target(), request)
        expect([answer.status, answer.text]).toEqual([200, ''])
        const get = new GetObjectCommand({ Bucket: target().bucket, Key: `signed-${trailer}` })
        const found = await clientOf(target()).send(get)
        expect(Buffer.compare(await found.Body!.transformToByteArray(), body)).toBe(0)
      }
    })

    test('a large body that turns out to be malformed gets its answer', async () => {
      const { headers, payloadHash, encode } = unsignedChunks(noise(10_000_000))
      const encoded = encode()
      encoded.write('no size', 65_544)
      const request = { method: 'PUT', path: path('malformed'), headers, payloadHash, body: encoded }
      expect((await rawRequest(target(), request)).status).toBe(400)
      await expectAbsent('malformed')
    })

    test('a chunk with another signature is 403', async () => {
      const { headers, payloadHash, sign } = signedChunks(body, { forge: true })
      const request = { method: 'PUT', path: path('forged'), headers, payloadHash, sign }
      const answer = await rawRequest(target(), request)
      expect(answer.status).toBe(403)
      expect(answer.text).toContain('<Code>SignatureDoesNotMatch</Code>')
      await expectAbsent('forged')
    })
  })
}
