import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { expect, onTestFinished, test } from 'vitest'
import { spawnServer } from './contract/spawn-server.ts'
import { clientOf, noise } from './contract/target.ts'
import { createS3Server } from './index.ts'

const credentials = { accessKeyId: 'crash', secretAccessKey: 'crash' }
const Bucket = 'crash'
const ROUNDS = 3
/** Inline, a file, and a file that is being written for a while. */
const SIZES = [500, 60_000, 3_000_000]

/** Puts until the server is gone; returns what was acknowledged, by key. */
async function putUntilGone(
  client: S3Client,
  round: number,
  lane: number,
  onAcknowledged: () => void
): Promise<Map<string, number>> {
  const acknowledged = new Map<string, number>()
  for (let count = 0; ; count++) {
    const size = SIZES[(count + lane) % SIZES.length]!
    // Every third put replaces one of the round before.
    const Key = count % 3 === 0 ? `shared/${lane}/${count}` : `round/${round}/${lane}/${count}`
    try {
      await client.send(new PutObjectCommand({ Bucket, Key, Body: noise(size, size) }))
    } catch {
      return acknowledged
    }
    acknowledged.set(Key, size)
    onAcknowledged()
  }
}

test('whatever was acknowledged survives SIGKILL, and nothing half is seen', async () => {
  const directory = await mkdtemp(join(tmpdir(), 's3-crash-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const expected = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round++) {
    const { child, endpoint } = await spawnServer({ directory, buckets: [Bucket], ...credentials })
    onTestFinished(() => void child.kill('SIGKILL'))
    const client = clientOf({ endpoint, bucket: Bucket, ...credentials, close: async () => undefined })
    let count = 0
    // Somewhere in the middle of what the other lanes are doing.
    const kill = () => ++count === 20 + 7 * round && setTimeout(() => child.kill('SIGKILL'), 3 * round)
    const lanes = Array.from({ length: 6 }, (_, lane) => putUntilGone(client, round, lane, kill))
    for (const lane of await Promise.all(lanes)) for (const [key, size] of lane) expected.set(key, size)
    client.destroy()
  }
  expect(expected.size).toBeGreaterThan(40)
  // What a crash may leave in the directory of files.
  await mkdir(join(directory, 'blobs', 'zz'), { recursive: true })
  await writeFile(join(directory, 'blobs', 'zz', 'zz-orphan'), 'half')

  const server = await createS3Server({ directory, ...credentials })
  onTestFinished(() => server.close())
  const client = clientOf({
    endpoint: server.url,
    bucket: Bucket,
    ...credentials,
    close: async () => undefined,
  })
  const listed = new Map<string, number>()
  let ContinuationToken: string | undefined
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket, ContinuationToken }))
    for (const { Key, Size } of page.Contents ?? []) listed.set(Key!, Size!)
    ContinuationToken = page.NextContinuationToken
  } while (ContinuationToken !== undefined)
  for (const key of expected.keys()) expect(listed.has(key)).toBe(true)
  // Also what was written but not acknowledged is whole: the SDK checks its CRC, this its length and bytes.
  for (const [Key, size] of listed) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
    const body = await Body!.transformToByteArray()
    expect(body.length).toBe(size)
    expect(SIZES).toContain(size)
    expect(Buffer.compare(body, noise(size, size))).toBe(0)
  }
  const files = await readdir(join(directory, 'blobs'), { recursive: true })
  const blobs = files.filter((name) => name.includes('-'))
  expect(blobs).toHaveLength([...listed.values()].filter((size) => size > 32 * 1024).length)
}, 120_000)
