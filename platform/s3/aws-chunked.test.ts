import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeAwsChunked } from './aws-chunked.ts'
import { createChunkSigner } from './chunk-signer.ts'
import { unsignedChunks } from './contract/chunks.ts'
import { sha256Hex, signingKey } from './sigv4.ts'

async function* pieces(data: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (const size of sizes) {
    yield data.subarray(at, at + size)
    at += size
  }
  yield data.subarray(at)
}

async function decode(source: AsyncIterable<Buffer>, trailers = new Map<string, string>()): Promise<Buffer> {
  const decoded: Buffer[] = []
  for await (const piece of decodeAwsChunked(source, undefined, trailers)) decoded.push(piece)
  return Buffer.concat(decoded)
}

test('however the network cuts a body, the same bytes and trailers come out', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(20)), async (bytes, sizes) => {
      const body = Buffer.from(bytes)
      const trailers = new Map<string, string>()
      const encoded = unsignedChunks(body, 'c3Vt').encode()
      expect(await decode(pieces(encoded, sizes), trailers)).toEqual(body)
      expect([...trailers]).toEqual([['x-amz-checksum-crc32', 'c3Vt']])
    })
  )
})

test.each([
  ['5\r\nhello\r\n', 'IncompleteBody'],
  ['5\r\nhello!\r\n0\r\n\r\n', 'InvalidRequest'],
  ['x\r\n', 'InvalidRequest'],
  ['-1\r\n', 'InvalidRequest'],
  ['ffffffffffff\r\n', 'InvalidRequest'],
  ['0\r\nno colon\r\n\r\n', 'InvalidRequest'],
  ['0'.repeat(10_000), 'InvalidRequest'],
])('%j is refused', async (text, code) => {
  await expect(decode(pieces(Buffer.from(text), []))).rejects.toMatchObject({ code })
})

test('the signatures of the chunked upload in the S3 reference', () => {
  const scope = { day: '20130524', region: 'us-east-1', service: 's3' }
  const signer = createChunkSigner({
    key: signingKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', scope),
    scope,
    time: '20130524T000000Z',
    seed: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
  })
  const chunk = (size: number) => createHash('sha256').update('a'.repeat(size)).digest('hex')
  signer.chunk(chunk(65_536), 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648')
  signer.chunk(chunk(1024), '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497')
  signer.chunk(sha256Hex(''), 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9')
  expect(() => signer.chunk(chunk(1), 'b6c6ea')).toThrow(
    expect.objectContaining({ code: 'SignatureDoesNotMatch' })
  )
})
