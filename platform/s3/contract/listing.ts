/** Contract: listings. @module */
import { ListObjectsV2Command, type ListObjectsV2CommandInput, PutObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, test } from 'vitest'
import { bodyOf, ODD_KEYS } from './objects.ts'
import { clientOf, type S3Target } from './target.ts'

const COUNT = 1500

export function listingContract(target: () => S3Target): void {
  describe('listings', () => {
    const setup = () => ({ client: clientOf(target(), 'WHEN_REQUIRED'), Bucket: target().bucket })
    const numbered = Array.from(
      { length: COUNT },
      (_, index) => `list/${index % 7}/${String(index).padStart(4, '0')}`
    )
    const keys = [...numbered, 'list/plain', 'list/zü', 'list/z\u{1f989}', 'list/z\uffee', 'listing'].sort(
      byBytes
    )
    const inside = keys.filter((key) => key.startsWith('list/'))

    beforeAll(async () => {
      const { client, Bucket } = setup()
      const waiting = keys.concat(ODD_KEYS.map((key) => `odd-list/${key}`))
      await Promise.all(
        Array.from({ length: 32 }, async () => {
          for (let Key = waiting.pop(); Key !== undefined; Key = waiting.pop()) {
            await client.send(new PutObjectCommand({ Bucket, Key, Body: bodyOf(target(), Key) }))
          }
        })
      )
    })

    /** Every page's entries: keys, and common prefixes. */
    async function pages(input: Partial<ListObjectsV2CommandInput>) {
      const { client, Bucket } = setup()
      const found: { keys: string[]; prefixes: string[] }[] = []
      let ContinuationToken: string | undefined
      do {
        const page = await client.send(new ListObjectsV2Command({ Bucket, ContinuationToken, ...input }))
        expect(page.KeyCount).toBe((page.Contents?.length ?? 0) + (page.CommonPrefixes?.length ?? 0))
        expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined)
        if (target().strict) expect(page.EncodingType).toBe(input.EncodingType)
        const decode = (text: string) => (page.EncodingType === 'url' ? decodeURIComponent(text) : text)
        found.push({
          keys: (page.Contents ?? []).map(({ Key }) => decode(Key!)),
          prefixes: (page.CommonPrefixes ?? []).map(({ Prefix }) => decode(Prefix!)),
        })
        ContinuationToken = page.NextContinuationToken
      } while (ContinuationToken !== undefined)
      return found
    }

    test('1,500 keys come in pages of 1,000, in the order of their bytes', async () => {
      const found = await pages({ Prefix: 'list/' })
      expect(found.map((page) => page.keys.length)).toEqual([1000, inside.length - 1000])
      expect(found.flatMap((page) => page.keys)).toEqual(inside)
    })

    test.each([1, 3, 7, 1000])('folders and keys by delimiter, %i a page', async (MaxKeys) => {
      const found = await pages({ Prefix: 'list/', Delimiter: '/', MaxKeys })
      expect(found.flatMap((page) => page.prefixes)).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `list/${n}/`))
      expect(found.flatMap((page) => page.keys)).toEqual(inside.filter((key) => key.split('/').length === 2))
      for (const page of found) expect(page.keys.length + page.prefixes.length).toBeLessThanOrEqual(MaxKeys)
    })

    test('a prefix that is half a name', async () => {
      const found = await pages({ Prefix: 'list/3/00', MaxKeys: 4 })
      expect(found.flatMap((page) => page.keys)).toEqual(inside.filter((key) => key.startsWith('list/3/00')))
    })

    test('start-after, whether the key is there or not', async () => {
      const after = (StartAfter: string) => pages({ Prefix: 'list/', StartAfter })
      const expected = (start: string) => inside.filter((key) => byBytes(key, start) > 0)
      for (const start of ['list/3/0003', 'list/3/0003x', 'list/zzzz', 'a', 'z']) {
        expect((await after(start)).flatMap((page) => page.keys)).toEqual(expected(start))
      }
    })

    test('size, ETag and time', async () => {
      const { client, Bucket } = setup()
      const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'list/plain' }))
      expect(page.Contents?.[0]).toMatchObject({ Size: 10, ETag: expect.stringMatching(/^"[0-9a-f]{32}"$/) })
      expect(page.Contents?.[0]?.LastModified).toBeInstanceOf(Date)
    })

    test('nothing is an empty page', async () => {
      expect(await pages({ Prefix: 'list/nothing' })).toEqual([{ keys: [], prefixes: [] }])
      expect(await pages({ Prefix: 'list/', MaxKeys: 0 })).toEqual([{ keys: [], prefixes: [] }])
    })

    test('odd keys, as they are and url-encoded', async () => {
      // Servers on a file system list the names that the file system has made of some.
      const kept = (key: string) => target().strict || !/double|leading|here/.test(key)
      const expected = ODD_KEYS.map((key) => `odd-list/${key}`)
        .filter(kept)
        .sort(byBytes)
      const plain = await pages({ Prefix: 'odd-list/' })
      expect(plain.flatMap((page) => page.keys).filter(kept)).toEqual(expected)
      const encoded = await pages({ Prefix: 'odd-list/', EncodingType: 'url', MaxKeys: 3 })
      expect(encoded.flatMap((page) => page.keys).filter(kept)).toEqual(expected)
    })
  })
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
