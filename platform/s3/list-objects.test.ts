import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientOf } from './contract/target.ts'
import { createS3Server, type S3Server } from './index.ts'

const Bucket = 'listed'
const LETTERS = ['a', 'b', '/', '-', '.', '\0', '\u0001', '\u007f', 'é', '\u{1f989}', '\uffee', '\u{10fffd}']
const keys = [
  ...new Set(fc.sample(fc.string({ unit: fc.constantFrom(...LETTERS), minLength: 1, maxLength: 6 }), 150)),
]
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const sorted = [...keys].sort(byBytes)

let directory: string
let server: S3Server
let client: S3Client

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 's3-list-'))
  const credentials = { accessKeyId: 'list', secretAccessKey: 'list' }
  server = await createS3Server({ directory, ...credentials, buckets: [Bucket, 'listed-too'] })
  client = clientOf({ endpoint: server.url, bucket: Bucket, ...credentials, close: async () => undefined })
  await Promise.all(keys.map((Key) => client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))))
  await client.send(new PutObjectCommand({ Bucket: 'listed-too', Key: 'a', Body: 'not ours' }))
})

afterAll(async () => {
  await server.close()
  await rm(directory, { recursive: true, force: true })
})

/** What a listing is by definition: keys and common prefixes, in one order, after the start. */
function expectedEntries(prefix: string, delimiter: string, startAfter: string): string[] {
  const entries = sorted
    .filter((key) => key.startsWith(prefix))
    .map((key) => {
      const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      return cut < 0 ? key : key.slice(0, cut + delimiter.length)
    })
    .filter((entry) => startAfter === '' || byBytes(entry, startAfter) > 0)
  return [...new Set(entries)].sort(byBytes)
}

async function entries(
  Prefix: string,
  Delimiter: string,
  StartAfter: string,
  MaxKeys: number
): Promise<string[]> {
  const found: string[] = []
  let ContinuationToken: string | undefined
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket,
        Prefix,
        MaxKeys,
        // XML cannot carry control characters.
        EncodingType: 'url',
        ContinuationToken,
        Delimiter: Delimiter || undefined,
        StartAfter: StartAfter || undefined,
      })
    )
    const names = (page.Contents ?? []).map(({ Key }) => Key!)
    const prefixes = (page.CommonPrefixes ?? []).map((each) => each.Prefix!)
    found.push(...names.concat(prefixes).map(decodeURIComponent).sort(byBytes))
    ContinuationToken = page.NextContinuationToken
  } while (ContinuationToken !== undefined)
  return found
}

test('any prefix, delimiter, start and size of page list what they should', async () => {
  const text = fc.string({ unit: fc.constantFrom(...LETTERS), maxLength: 3 })
  const delimiter = fc.constantFrom('', '/', 'a', '//', 'é')
  await fc.assert(
    fc.asyncProperty(
      text,
      delimiter,
      text,
      fc.integer({ min: 1, max: 40 }),
      async (prefix, cut, start, size) => {
        expect(await entries(prefix, cut, start, size)).toEqual(expectedEntries(prefix, cut, start))
      }
    ),
    { numRuns: 60 }
  )
})
