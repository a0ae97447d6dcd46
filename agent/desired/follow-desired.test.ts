import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createObjectStore, type ObjectStore } from '../../lib/s3/index.ts'
import { createLink, type Link } from '../../platform/link/index.ts'
import { createS3Server, type S3Server } from '../../platform/s3/index.ts'
import { temporaryDirectory } from '../../test/support/index.ts'
import { type FollowedDesired, followDesired } from './index.ts'

vi.setConfig({ testTimeout: 30_000 })

const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' }
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 15_000, interval: 5 })
const KEY = 'edges/edge-1/desired.json'

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let s3: S3Server
let link: Link
/** What the test writes with; the edge's own way can be cut. */
let bucket: ObjectStore
let complaints: ReturnType<typeof vi.spyOn>
const open: (() => unknown)[] = []

async function follow(pollMs = 20): Promise<FollowedDesired> {
  const store = createObjectStore({
    endpoint: `http://127.0.0.1:${link.port}`,
    bucket: 'test',
    attempts: 1,
    ...credentials,
  })
  const followed = await followDesired({
    edge: 'edge-1',
    store,
    directory: temporary.directory,
    pollMs,
  })
  open.push(async () => {
    await followed.close()
    store.close()
  })
  return followed
}
const revision = (followed: FollowedDesired, wanted: number) =>
  eventually(() => expect(followed.status()).toEqual({ revision: wanted, problem: null }))
const refused = (followed: FollowedDesired, wanted: number | null, why: string) =>
  eventually(() =>
    expect(followed.status()).toEqual({ revision: wanted, problem: expect.stringContaining(why) })
  )

beforeEach(async () => {
  complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
  temporary = await temporaryDirectory('desired')
  s3 = await createS3Server({
    directory: path.join(temporary.directory, 's3'),
    host: '127.0.0.1',
    port: 0,
    buckets: ['test'],
    ...credentials,
  })
  link = await createLink(s3.port)
  bucket = createObjectStore({ endpoint: s3.url, bucket: 'test', ...credentials })
})
afterEach(async () => {
  for (const close of open.splice(0)) await close()
  bucket.close()
  await link.close()
  await s3.close()
  await temporary.remove()
  complaints.mockRestore()
})

it('is applied while the edge runs', async () => {
  const followed = await follow()
  expect(followed.current()).toBeUndefined()
  await bucket.putJson(KEY, { revision: 1, uplink: 'features' })
  await revision(followed, 1)
  await bucket.putJson(KEY, { revision: 4, uplink: 'all', bandwidth: 20_000 })
  await revision(followed, 4)
  expect(followed.current()).toEqual({ revision: 4, uplink: 'all', bandwidth: 20_000 })
  expect(complaints).not.toHaveBeenCalled()
})

it('is looked for at once on a hint', async () => {
  const followed = await follow(60_000)
  await bucket.putJson(KEY, { revision: 1 })
  followed.look()
  await revision(followed, 1)
})

it('holds after a start without the cloud', async () => {
  await bucket.putJson(KEY, { revision: 3, quietHours: { times: '22:00-06:00', timeZone: 'Europe/Berlin' } })
  const first = await follow()
  await revision(first, 3)
  await first.close()
  link.cut()
  const second = await follow()
  expect(second.status()).toEqual({ revision: 3, problem: null })
  expect(second.current()).toEqual(first.current())
})

it.each([
  ['is not understood', { revision: 2, bandwith: 1 }, 'bandwith'],
  ['is older', { revision: 0 }, 'revision 0 is older than 1'],
  ['has changed under the same number', { revision: 1, uplink: 'all' }, 'revision 1 has not'],
])('that %s is refused, said once, and the last good one goes on', async (_what, next, why) => {
  await bucket.putJson(KEY, { revision: 1, uplink: 'features' })
  const followed = await follow()
  await revision(followed, 1)
  await bucket.putJson(KEY, next)
  await refused(followed, 1, why)
  expect(followed.current()).toEqual({ revision: 1, uplink: 'features' })
  // Out of reach, it is not forgotten.
  link.cut()
  await new Promise((resolve) => setTimeout(resolve, 100))
  await refused(followed, 1, why)
  link.heal()
  expect(complaints).toHaveBeenCalledTimes(1)
  await bucket.putJson(KEY, { revision: 5 })
  await revision(followed, 5)
})

it('that is no JSON is refused, and one that has gone holds', async () => {
  await bucket.put(KEY, 'revision: 1')
  const followed = await follow()
  await refused(followed, null, 'is not JSON')
  await bucket.putJson(KEY, { revision: 2, uplink: 'all' })
  await revision(followed, 2)
  await bucket.delete(KEY)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(followed.status()).toEqual({ revision: 2, problem: null })
})

it('whose kept copy is damaged is fetched again', async () => {
  await writeFile(path.join(temporary.directory, 'desired.json'), '{"revision": 7, "upl')
  link.cut()
  const followed = await follow()
  await refused(followed, null, 'what was kept of it cannot be read')
  link.heal()
  await bucket.putJson(KEY, { revision: 7, uplink: 'all' })
  await revision(followed, 7)
})

it('is not applied as long as the disk does not take it', async () => {
  const blocked = path.join(temporary.directory, 'desired.json.part')
  await mkdir(blocked)
  await bucket.putJson(KEY, { revision: 1 })
  const followed = await follow()
  await refused(followed, null, 'EISDIR')
  await rm(blocked, { recursive: true })
  await revision(followed, 1)
})
