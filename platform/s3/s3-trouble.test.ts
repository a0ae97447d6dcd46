import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { open } from 'lmdb'
import { expect, onTestFinished, test } from 'vitest'
import { spawnServer } from './contract/spawn-server.ts'
import { clientOf, failure, noise, read } from './contract/target.ts'
import { createS3Server } from './index.ts'

const Bucket = 'trouble'
const credentials = { accessKeyId: 'trouble', secretAccessKey: 'trouble' }

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 's3-trouble-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

const clientFor = (endpoint: string) =>
  clientOf({ endpoint, bucket: Bucket, ...credentials, close: async () => undefined })

async function blobsIn(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, 'blobs'), { recursive: true })
  return names.filter((name) => name.includes('-'))
}

test.skipIf(process.platform === 'win32')('a full disk is 500, and the server lives on', async () => {
  const directory = await temporary()
  const { child, endpoint } = await spawnServer({ directory, buckets: [Bucket], ...credentials }, 800)
  onTestFinished(async () => {
    const exited = once(child, 'exit')
    child.kill()
    await exited
  })
  const client = clientFor(endpoint)
  const put = (Key: string, size: number) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body: noise(size) }))
  // A file of its own that cannot be written to its end.
  expect((await failure(put('large', 900_000)))?.status).toBe(500)
  expect(await blobsIn(directory)).toEqual([])
  // Then the database.
  const written: string[] = []
  let refused: Awaited<ReturnType<typeof failure>>
  while (refused === undefined && written.length < 1000) {
    refused = await failure(put(`small/${written.length}`, 20_000))
    if (refused === undefined) written.push(`small/${written.length}`)
  }
  expect(refused?.status).toBe(500)
  expect(written.length).toBeGreaterThan(5)
  for (const key of written) expect((await read(client, Bucket, key)).equals(noise(20_000))).toBe(true)
  for (const Key of written.splice(0, 5)) await client.send(new DeleteObjectCommand({ Bucket, Key }))
  // Pages are free from the second commit after the one that freed them.
  await put('again', 10)
  expect(await failure(put('again', 20_000))).toBeUndefined()
})

test('whoever is being answered when the server closes is answered, or gets an error', async () => {
  const directory = await temporary()
  const options = { directory, buckets: [Bucket], ...credentials }
  const server = await createS3Server(options)
  const client = clientFor(server.url)
  const acknowledged: string[] = []
  const puts = Array.from({ length: 40 }, async (_, index) => {
    const Key = `closing/${index}`
    await client.send(new PutObjectCommand({ Bucket, Key, Body: noise(index % 2 ? 300_000 : 1000) }))
    acknowledged.push(Key)
  })
  await Promise.race(puts)
  await server.close()
  await Promise.allSettled(puts)
  const again = await createS3Server(options)
  onTestFinished(() => again.close())
  const after = clientFor(again.url)
  for (const key of acknowledged) expect((await read(after, Bucket, key)).length).toBeGreaterThan(0)
})

test('a rotten record is an error until it is written again, and never a missing object', async () => {
  const directory = await temporary()
  const options = { directory, buckets: [Bucket], ...credentials }
  const first = await createS3Server(options)
  await clientFor(first.url).send(new PutObjectCommand({ Bucket, Key: 'rotten', Body: 'sound' }))
  await first.close()
  const root = open({ path: join(directory, 'meta'), noSubdir: false, maxDbs: 8 })
  const objects = root.openDB<Buffer, string[]>({ name: 'objects', encoding: 'binary' })
  const bytes = objects.get([Bucket, 'rotten'])!
  bytes[20]! ^= 1
  await objects.put([Bucket, 'rotten'], bytes)
  await root.close()

  const failures: unknown[] = []
  const server = await createS3Server({ ...options, onError: (error) => failures.push(error) })
  onTestFinished(() => server.close())
  const client = clientFor(server.url)
  expect(await failure(read(client, Bucket, 'rotten'))).toEqual({ status: 500, name: 'InternalError' })
  expect(String(failures[0])).toContain('trouble/rotten')
  await client.send(new PutObjectCommand({ Bucket, Key: 'rotten', Body: 'sound again' }))
  expect((await read(client, Bucket, 'rotten')).toString()).toBe('sound again')
})
