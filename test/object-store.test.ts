import { randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest'
import { z } from 'zod'
import { isDiskFull } from '../lib/database/index.ts'
import { EdgeloopError } from '../lib/errors/index.ts'
import {
  createObjectStore,
  downloadObject,
  finishDownload,
  type ObjectStore,
  objectStoreFromEnv,
} from '../lib/s3/index.ts'
import { createS3Server, type S3Server } from '../platform/s3/index.ts'
import { type Line, openLine } from './support/index.ts'

const SECRET = 'a-secret-nobody-may-see'
const credentials = { accessKeyId: 'edge', secretAccessKey: SECRET }

let directory: string
let server: S3Server
let store: ObjectStore

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'object-store-'))
  server = await createS3Server({ directory: join(directory, 's3'), ...credentials, buckets: ['edgeloop'] })
  store = createObjectStore({ endpoint: server.url, bucket: 'edgeloop', ...credentials })
})

afterAll(async () => {
  store.close()
  await server.close()
  await rm(directory, { recursive: true, force: true })
})

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** The error that a call fails with. */
async function failure(work: Promise<unknown>): Promise<EdgeloopError> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error
  )
  expect(thrown).toBeInstanceOf(EdgeloopError)
  const error = thrown as EdgeloopError
  expect(`${error.message} ${error.where} ${error.hint} ${error.stack} ${error.cause}`).not.toContain(SECRET)
  return error
}

describe.each(['WHEN_REQUIRED', 'WHEN_SUPPORTED'] as const)('with checksums %s', (checksums) => {
  test('bytes and text come back, with their type', async () => {
    const each = createObjectStore({ endpoint: server.url, bucket: 'edgeloop', ...credentials, checksums })
    onTestFinished(() => each.close())
    const body = new Uint8Array(300_000).fill(7)
    const { etag } = await each.put(`bytes/${checksums}`, body, { contentType: 'image/jpeg' })
    const found = await each.get(`bytes/${checksums}`)
    expect(found).toMatchObject({ etag, contentType: 'image/jpeg' })
    expect(Buffer.compare(found!.body, body)).toBe(0)
    expect(await each.head(`bytes/${checksums}`)).toMatchObject({
      size: 300_000,
      etag,
      contentType: 'image/jpeg',
    })
    await each.put(`text/${checksums}`, 'grün')
    expect(Buffer.from((await each.get(`text/${checksums}`))!.body).toString()).toBe('grün')
  })
})

test('what is not there is undefined, and deleting it no error', async () => {
  expect(await store.get('missing')).toBeUndefined()
  expect(await store.head('missing')).toBeUndefined()
  expect(await store.getJson('missing', z.any())).toBeUndefined()
  await store.delete('missing')
})

test('an object is read from any of its bytes on, as long as it is the same one', async () => {
  const body = randomBytes(3_000_000)
  const { etag } = await store.put('read', body)
  const read = async (from: number, ifMatch?: string) =>
    Buffer.concat(await collect(store.read('read', { from, ifMatch })))
  for (const from of [0, 1, 2_999_999])
    expect((await read(from, etag)).equals(body.subarray(from))).toBe(true)
  // Nothing, and no error: whoever goes on where it was need not know that it was at the end.
  for (const from of [3_000_000, 4_000_000]) expect(await read(from)).toHaveLength(0)
  await store.put('read', 'another one')
  expect((await failure(read(2, etag))).code).toBe('CONFLICT')
  expect((await failure(collect(store.read('missing')))).code).toBe('NOT_FOUND')
  expect((await failure(collect(store.read('')))).code).toBe('INVALID_INPUT')
})

/** With one socket, and little patience to get it. */
function narrowStore(): ObjectStore {
  const narrow = createObjectStore({
    endpoint: server.url,
    bucket: 'edgeloop',
    ...credentials,
    maxSockets: 1,
    connectTimeoutMs: 200,
  })
  onTestFinished(() => narrow.close())
  return narrow
}

test('reading as it arrives takes one of the sockets until it ends, however it ends', async () => {
  const narrow = narrowStore()
  await narrow.put('narrow-read', randomBytes(8_000_000))
  for await (const _ of narrow.read('narrow-read')) break
  const abort = new AbortController()
  const reason = new Error('enough')
  const aborted = (async () => {
    for await (const _ of narrow.read('narrow-read', { signal: abort.signal })) abort.abort(reason)
  })()
  await expect(aborted).rejects.toBe(reason)
  const read = collect(narrow.read('narrow-read'))
  expect(await narrow.head('narrow-read')).toMatchObject({ size: 8_000_000 })
  expect(Buffer.concat(await read)).toHaveLength(8_000_000)
})

describe('a download', () => {
  const body = randomBytes(6_000_000)
  let file: string
  let line: Line
  let over: ObjectStore

  beforeEach(async () => {
    file = join(await mkdtemp(join(directory, 'download-')), 'file')
    line = await openLine(server.url)
    over = createObjectStore({ endpoint: line.url, bucket: 'edgeloop', ...credentials, attempts: 1 })
    await store.put('download', body)
  })
  afterEach(async () => {
    over.close()
    await line.close()
  })
  const isWhole = async (bytes = body) => bytes.equals(await readFile(file))
  const breakOff = async () => {
    line.endAfter(4_000_000, 'cut')
    expect((await failure(downloadObject(over, 'download', file))).code).toBe('UNAVAILABLE')
    line.mend()
    line.carried.down = 0
  }

  test('goes on where it was, and is not made twice', async () => {
    await breakOff()
    expect(await downloadObject(over, 'download', file)).toMatchObject({ size: body.length })
    expect(line.carried.down).toBeLessThan(3_000_000)
    expect(await isWhole()).toBe(true)
    line.carried.down = 0
    await downloadObject(over, 'download', file)
    expect(line.carried.down).toBe(0)
    await finishDownload(file)
    expect(await readdir(dirname(file))).toEqual(['file'])
  })

  test('begins anew where the object is another one, or the file is none of its', async () => {
    await breakOff()
    const other = randomBytes(5_000_000)
    await store.put('download', other)
    await downloadObject(over, 'download', file)
    expect(await isWhole(other)).toBe(true)
    await finishDownload(file)
    await store.put('download', body)
    await downloadObject(over, 'download', file)
    expect(await isWhole()).toBe(true)
    await appendFile(file, 'more')
    await downloadObject(over, 'download', file)
    expect(await isWhole()).toBe(true)
  })

  test('of an object that is replaced meanwhile is a conflict, and heals', async () => {
    const other = randomBytes(5_000_000)
    line.cut(async ({ method }) => {
      if (method === 'GET') await store.put('download', other)
      return false
    })
    expect((await failure(downloadObject(over, 'download', file))).code).toBe('CONFLICT')
    line.mend()
    await downloadObject(over, 'download', file)
    expect(await isWhole(other)).toBe(true)
  })

  test('of nothing is undefined, and of no bytes an empty file', async () => {
    expect(await downloadObject(over, 'missing', file)).toBeUndefined()
    await store.put('empty', '')
    await downloadObject(over, 'empty', file)
    expect(await isWhole(Buffer.alloc(0))).toBe(true)
  })

  test('does not fill the disk to its last byte', async () => {
    const freeOf = async () => 30 * 2 ** 20
    const error = await failure(downloadObject(over, 'download', file, { freeOf }))
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the disk is full: 30 MiB are left, and 6 MiB are to come',
      where: dirname(file),
    })
    expect(isDiskFull(error)).toBe(true)
    expect(line.carried.down).toBe(0)
  })

  test('ends when it is told to, and goes on later', async () => {
    line.endAfter(4_000_000, 'stall')
    const abort = new AbortController()
    const reason = new Error('enough')
    const downloading = expect(downloadObject(over, 'download', file, { signal: abort.signal })).rejects.toBe(
      reason
    )
    await vi.waitFor(async () => expect((await stat(file)).size).toBeGreaterThan(3_500_000), {
      timeout: 10_000,
    })
    abort.abort(reason)
    await downloading
    line.mend()
    line.carried.down = 0
    await downloadObject(over, 'download', file)
    expect(line.carried.down).toBeLessThan(3_000_000)
    expect(await isWhole()).toBe(true)
  })
})

describe.each(['WHEN_REQUIRED', 'WHEN_SUPPORTED'] as const)('in parts, with checksums %s', (checksums) => {
  const body = randomBytes(20_000_000)
  const other = randomBytes(20_000_000)
  let line: Line
  let each: ObjectStore
  let key: string
  let keys = 0

  beforeEach(async () => {
    key = `parts/${checksums}/${++keys}`
    line = await openLine(server.url)
    each = createObjectStore({
      endpoint: line.url,
      bucket: 'edgeloop',
      ...credentials,
      checksums,
      attempts: 1,
    })
  })
  afterEach(async () => {
    each.close()
    await line.close()
  })
  const isThere = async (bytes = body) => Buffer.compare((await each.get(key))!.body, bytes) === 0
  /** So many bytes went up for this. */
  async function sentFor(work: () => Promise<unknown>): Promise<number> {
    const before = line.carried.up
    await work()
    return line.carried.up - before
  }
  /** Nothing began in the future. */
  const abortAll = () => each.abortUploads(key, new Date(Date.now() + 60_000))

  test('a large object comes back, with its type, and is put once', async () => {
    const { etag } = await each.putInParts(key, body, { contentType: 'image/jpeg' })
    expect(await each.head(key)).toMatchObject({ size: body.length, etag, contentType: 'image/jpeg' })
    expect(await isThere()).toBe(true)
    expect(await sentFor(() => each.putInParts(key, body))).toBe(0)
    expect((await each.head(key))?.etag).toBe(etag)
    expect(await abortAll()).toBe(0)
  })

  test('what has arrived before the line breaks is not sent again', async () => {
    line.endAfter(12_000_000, 'cut')
    expect((await failure(each.putInParts(key, body))).code).toBe('UNAVAILABLE')
    line.mend()
    expect(await each.head(key)).toBeUndefined()
    const sent = await sentFor(() => each.putInParts(key, body))
    // Two parts of 5 MiB are there.
    expect(sent).toBeGreaterThan(9_000_000)
    expect(sent).toBeLessThan(10_500_000)
    expect(await isThere()).toBe(true)
    expect(await abortAll()).toBe(0)
  })

  test('what has arrived of other bytes is', async () => {
    line.endAfter(12_000_000, 'cut')
    await failure(each.putInParts(key, other))
    line.mend()
    expect(await sentFor(() => each.putInParts(key, body))).toBeGreaterThan(body.length)
    expect(await isThere()).toBe(true)
  })

  test('an answer that is lost on the way is no second object', async () => {
    line.cutAnswers(({ method, path }) => method === 'POST' && path.includes('uploadId='))
    expect((await failure(each.putInParts(key, body))).code).toBe('UNAVAILABLE')
    line.mend()
    const etag = (await each.head(key))!.etag
    expect(await sentFor(() => each.putInParts(key, body))).toBe(0)
    expect((await each.head(key))?.etag).toBe(etag)
  })

  test('at the same time it is one object, and nothing is left over', async () => {
    const results = await Promise.all(Array.from({ length: 4 }, () => each.putInParts(key, body)))
    const { etag } = (await each.head(key))!
    for (const result of results) expect(result.etag).toBe(etag)
    expect(await isThere()).toBe(true)
    expect(await abortAll()).toBe(0)
  })

  test('one that was put whole meanwhile stays', async () => {
    let put: Promise<{ etag: string }> | undefined
    line.cut(async ({ path }) => {
      if (path.includes('partNumber=3')) put ??= store.put(key, body)
      await put
      return false
    })
    expect((await each.putInParts(key, body)).etag).toBe((await put!).etag)
    expect(await abortAll()).toBe(0)
  })

  test('an upload that somebody aborts meanwhile is to be tried again', async () => {
    let aborted: number | undefined
    line.cut(async ({ path }) => {
      if (path.includes('partNumber=3'))
        aborted ??= await store.abortUploads(key, new Date(Date.now() + 60_000))
      return false
    })
    expect((await failure(each.putInParts(key, body))).code).toBe('UNAVAILABLE')
    expect(aborted).toBe(1)
    await each.putInParts(key, body)
    expect(await isThere()).toBe(true)
  })

  test('what was not completed is forgotten once it is old enough', async () => {
    line.endAfter(12_000_000, 'cut')
    await failure(each.putInParts(key, body))
    line.mend()
    expect(await each.abortUploads(key, new Date(Date.now() - 60_000))).toBe(0)
    expect(await abortAll()).toBe(1)
    expect(await sentFor(() => each.putInParts(key, body))).toBeGreaterThan(body.length)
  })
})

test('conditions: once, and one after the other', async () => {
  const { etag } = await store.put('once', '1', { ifAbsent: true })
  expect((await failure(store.put('once', '2', { ifAbsent: true }))).code).toBe('CONFLICT')
  const next = await store.put('once', '3', { ifMatch: etag })
  expect((await failure(store.put('once', '4', { ifMatch: etag }))).code).toBe('CONFLICT')
  await store.delete('once')
  expect((await failure(store.put('once', '5', { ifMatch: next.etag }))).code).toBe('CONFLICT')
})

test('more calls at once than there are sockets wait for one, however short the time to connect is', async () => {
  const narrow = narrowStore()
  await Promise.all(Array.from({ length: 200 }, (_, index) => narrow.put(`narrow/${index}`, 'x')))
})

test('a list spans pages and starts where it is told', async () => {
  const keys = Array.from({ length: 1005 }, (_, index) => `many/${String(index).padStart(4, '0')}`)
  await Promise.all(keys.map((key) => store.put(key, key)))
  const listed = await collect(store.list('many/'))
  expect(listed.map(({ key }) => key)).toEqual(keys)
  expect(listed[0]).toMatchObject({ size: 9, etag: (await store.head('many/0000'))!.etag })
  const rest = await collect(store.list('many/', { startAfter: 'many/1002' }))
  expect(rest.map(({ key }) => key)).toEqual(['many/1003', 'many/1004'])
})

test('JSON is checked on its way out', async () => {
  const schema = z.object({ version: z.int() })
  const { etag } = await store.putJson('json', { version: 3 }, { ifAbsent: true })
  expect(await store.getJson('json', schema)).toEqual({ value: { version: 3 }, etag })
  expect((await store.head('json'))?.contentType).toBe('application/json')
  for (const body of ['{', '{"version":"3"}', new Uint8Array([0xff, 0xfe])]) {
    await store.put('json', body)
    const error = await failure(store.getJson('json', schema))
    expect(error).toMatchObject({ code: 'CORRUPT', where: 's3://edgeloop/json' })
  }
})

test('keys are checked before anything is sent', async () => {
  expect((await failure(store.get(''))).code).toBe('INVALID_INPUT')
  expect((await failure(store.put('ü'.repeat(513), 'x'))).code).toBe('INVALID_INPUT')
})

test('a wrong secret is UNAUTHENTICATED', async () => {
  const stranger = createObjectStore({
    endpoint: server.url,
    bucket: 'edgeloop',
    accessKeyId: 'edge',
    secretAccessKey: `${SECRET}-wrong`,
  })
  onTestFinished(() => stranger.close())
  for (const work of [
    () => stranger.get('x'),
    () => stranger.head('x'),
    () => stranger.put('x', 'x'),
    () => stranger.ensureBucket(),
  ]) {
    expect((await failure(work())).code).toBe('UNAUTHENTICATED')
  }
})

test('a bucket is created when it is missing, and is an error until then', async () => {
  const fresh = createObjectStore({ endpoint: server.url, bucket: 'fresh', ...credentials })
  onTestFinished(() => fresh.close())
  expect((await failure(fresh.get('x'))).code).toBe('NOT_FOUND')
  expect((await failure(fresh.put('x', 'x'))).code).toBe('NOT_FOUND')
  await Promise.all([fresh.ensureBucket(), fresh.ensureBucket()])
  await fresh.put('x', 'x')
})

test('a 404 that speaks of something else does not mean that the object is missing', async () => {
  const peer = createServer((_, answer) => {
    const body = '<?xml version="1.0"?><Error><Code>XAdminUserNotFound</Code><Message>who?</Message></Error>'
    answer.writeHead(404, { 'content-type': 'application/xml' }).end(body)
  })
  await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(peer.address() as AddressInfo).port}`
  const odd = createObjectStore({ endpoint, bucket: 'edgeloop', ...credentials })
  onTestFinished(() => {
    odd.close()
    peer.closeAllConnections()
    peer.close()
  })
  expect((await failure(odd.get('x'))).message).toContain('XAdminUserNotFound')
})

describe('out of reach', () => {
  async function storeOf(answer: Parameters<typeof createServer>[1]): Promise<ObjectStore> {
    const peer: Server = createServer(answer)
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(peer.address() as AddressInfo).port}`
    const broken = createObjectStore({ endpoint, bucket: 'edgeloop', ...credentials, idleTimeoutMs: 200 })
    onTestFinished(() => {
      broken.close()
      peer.closeAllConnections()
      peer.close()
    })
    return broken
  }

  test('nobody listens', async () => {
    const nobody = createObjectStore({ endpoint: 'http://127.0.0.1:1', bucket: 'edgeloop', ...credentials })
    onTestFinished(() => nobody.close())
    for (const work of [
      () => nobody.get('x'),
      () => nobody.put('x', 'x', { ifAbsent: true }),
      () => collect(nobody.list('')),
    ]) {
      const error = await failure(work())
      expect(error.code).toBe('UNAVAILABLE')
      expect(error.message).toContain('http://127.0.0.1:1')
      expect(error.message).toContain('ECONNREFUSED')
      expect(error.hint).toContain('S3_ENDPOINT')
    }
  })

  test('it answers 503', async () => {
    const broken = await storeOf((_, answer) => void answer.writeHead(503).end())
    expect((await failure(broken.get('x'))).code).toBe('UNAVAILABLE')
    expect((await failure(broken.put('x', 'x'))).code).toBe('UNAVAILABLE')
  })

  // Functions answer with the status of the code: what the store refuses must not look like the sender's fault.
  test.each([400, 413, 415, 422])('it answers %i', async (status) => {
    const broken = await storeOf((request, answer) => {
      request.resume().on('end', () => answer.writeHead(status).end())
    })
    expect((await failure(broken.put('x', 'x'))).status).toBe(500)
    expect((await failure(broken.get('x'))).status).toBe(500)
  })

  test('it never answers', async () => {
    const broken = await storeOf(() => undefined)
    expect((await failure(broken.get('x'))).code).toBe('UNAVAILABLE')
  })

  test('it breaks off in the middle of an object', async () => {
    const broken = await storeOf((_, answer) => {
      answer.writeHead(200, { 'content-length': '1000', etag: '"x"' })
      answer.write('half')
      setTimeout(() => answer.destroy(), 20)
    })
    expect((await failure(broken.get('x'))).code).toBe('UNAVAILABLE')
  })

  test('it stops in the middle of an object', async () => {
    const broken = await storeOf((_, answer) => {
      answer.writeHead(200, { 'content-length': '1000', etag: '"x"' })
      answer.write('half')
    })
    expect((await failure(broken.get('x'))).code).toBe('UNAVAILABLE')
  })

  test('a conditional put is sent once, others twice', async () => {
    let puts = 0
    const broken = await storeOf((request, answer) => {
      puts++
      request.resume().on('end', () => answer.writeHead(500).end())
    })
    await failure(broken.put('x', 'x', { ifAbsent: true }))
    expect(puts).toBe(1)
    await failure(broken.put('x', 'x'))
    expect(puts).toBe(3)
  })

  test('an aborted call throws the reason', async () => {
    const broken = await storeOf(() => undefined)
    const reason = new Error('enough')
    const abort = new AbortController()
    setTimeout(() => abort.abort(reason), 20)
    await expect(broken.get('x', { signal: abort.signal })).rejects.toBe(reason)
    await expect(store.get('x', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

describe('from the environment', () => {
  const base = () => ({ S3_ENDPOINT: server.url, S3_BUCKET: 'edgeloop' })

  test('secrets by variable or by file', async () => {
    const secrets = await mkdtemp(join(directory, 'secrets-'))
    await writeFile(join(secrets, 's3-access-key-id'), 'edge\n')
    await writeFile(join(secrets, 's3-secret-access-key'), `${SECRET}\n`)
    const environments = [
      { ...base(), SECRETS_DIR: secrets },
      { ...base(), S3_ACCESS_KEY_ID: 'edge', S3_SECRET_ACCESS_KEY: SECRET },
      { ...base(), S3_ACCESS_KEY_ID: 'edge', SECRETS_DIR: secrets },
    ]
    for (const env of environments) {
      const each = objectStoreFromEnv(env)
      onTestFinished(() => each.close())
      await each.put('from-env', 'x')
    }
    const other = objectStoreFromEnv(environments[0], { bucket: 'other' })
    onTestFinished(() => other.close())
    expect(other.bucket).toBe('other')
  })

  test.each([
    [{ S3_ENDPOINT: undefined }, 'S3_ENDPOINT'],
    [{ S3_ENDPOINT: 'not an address' }, 'endpoint'],
    [{ S3_BUCKET: '' }, 'S3_BUCKET'],
    [{ S3_BUCKET: 'Not A Bucket' }, 'bucket'],
    [{ SECRETS_DIR: '/nowhere' }, 's3-access-key-id'],
  ])('%j is refused, naming the field', (broken, named) => {
    const env = { ...base(), ...broken, S3_SECRET_ACCESS_KEY: SECRET }
    const complete = 'SECRETS_DIR' in broken ? env : { ...env, S3_ACCESS_KEY_ID: 'edge' }
    try {
      objectStoreFromEnv(complete)
      expect.unreachable()
    } catch (thrown) {
      const error = thrown as EdgeloopError
      expect(error.code).toBe('MISCONFIGURED')
      expect(`${error.message}${error.where}`).toContain(named)
      expect(JSON.stringify(error)).not.toContain(SECRET)
    }
  })
})
