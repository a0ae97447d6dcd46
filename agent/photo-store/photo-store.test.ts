import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPhotoRoutes, createPhotoStore, type PhotoStore } from './index.ts'

const jpeg = Buffer.concat([Buffer.of(0xff, 0xd8, 0xff, 0xe0), Buffer.alloc(200_000, 'x')])
const nameOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const unknown = 'ab'.repeat(32)
let directory: string
let store: PhotoStore

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'edgeloop-photos-'))
  store = await createPhotoStore(directory)
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('a photo store', () => {
  it('keeps a photo under its hash', async () => {
    const hash = nameOf(jpeg)
    expect(await store.put(jpeg)).toEqual({ hash, size: jpeg.length, created: true })
    expect(await store.put(Buffer.from(jpeg))).toEqual({ hash, size: jpeg.length, created: false })
    expect(await readdir(join(directory, hash.slice(0, 2)))).toEqual([hash])
    expect(await readdir(join(directory, 'tmp'))).toEqual([])
    expect(Buffer.compare(await store.get(hash, { verify: true }), jpeg)).toBe(0)
    const { size, stream } = await store.stream(hash)
    expect([size, (await buffer(stream)).equals(jpeg)]).toEqual([jpeg.length, true])
    expect(await store.has(hash)).toBe(jpeg.length)
    expect(await store.has(unknown)).toBeUndefined()
  })

  it('writes a photo once that many put at the same time', async () => {
    const results = await Promise.all(Array.from({ length: 20 }, () => store.put(jpeg)))
    expect(results.filter(({ created }) => created)).toHaveLength(1)
    expect([store.count(), store.bytes()]).toEqual([1, jpeg.length])
  })

  it('knows after a restart what it holds, and clears what a crash left', async () => {
    await Promise.all(['a', 'b', 'c'].map((text) => store.put(Buffer.from(text))))
    await store.delete(nameOf(Buffer.from('b')))
    await mkdir(join(directory, 'tmp'), { recursive: true })
    await writeFile(join(directory, 'tmp', `${unknown}.0`), 'half')
    const again = await createPhotoStore(directory)
    expect([again.count(), again.bytes()]).toEqual([2, 2])
    expect(await readdir(join(directory, 'tmp'))).toEqual([])
  })

  it('deletes, once', async () => {
    const { hash } = await store.put(jpeg)
    expect(await Promise.all([store.delete(hash), store.delete(hash)])).toEqual([true, false])
    expect(await store.delete(hash)).toBe(false)
    expect([store.count(), store.bytes()]).toEqual([0, 0])
    await expect(store.get(hash)).rejects.toMatchObject({ code: 'NOT_FOUND', where: hash })
    await expect(store.stream(hash)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await store.put(jpeg)).created).toBe(true)
  })

  it('keeps a photo that is put while it is being deleted', async () => {
    const { hash } = await store.put(jpeg)
    const [, deleted, put] = await Promise.all([store.put(jpeg), store.delete(hash), store.put(jpeg)])
    expect([deleted, put.created]).toEqual([true, true])
    expect(await store.has(hash)).toBe(jpeg.length)
  })

  it('notices changed bytes when asked to, and replaces a file of the wrong size', async () => {
    const { hash } = await store.put(jpeg)
    await writeFile(join(directory, hash.slice(0, 2), hash), 'rotten')
    await expect(store.get(hash, { verify: true })).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(Buffer.from(await store.get(hash)).toString()).toBe('rotten')
    store = await createPhotoStore(directory)
    expect((await store.put(jpeg)).created).toBe(true)
    expect([store.count(), store.bytes()]).toEqual([1, jpeg.length])
    await store.get(hash, { verify: true })
  })

  it.each(['', '../../etc/passwd', unknown.toUpperCase(), `${unknown}0`])(
    'refuses the name %j',
    async (name) => {
      await expect(store.get(name)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
  )
})

describe('GET /photos/:hash', () => {
  it.each([
    ['image/jpeg', jpeg],
    ['image/png', Buffer.from('89504e470d0a1a0a0000', 'hex')],
    ['image/webp', Buffer.from('RIFF\x04\x00\x00\x00WEBPVP8 ', 'latin1')],
    ['application/octet-stream', Buffer.from('<html>')],
    ['application/octet-stream', Buffer.alloc(0)],
  ])('answers with the photo as %s, for ever', async (type, bytes) => {
    const { hash } = await store.put(bytes)
    const response = await createPhotoRoutes(store).request(`/photos/${hash}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe(type)
    expect(response.headers.get('cache-control')).toContain('immutable')
    expect(response.headers.get('content-length')).toBe(String(bytes.length))
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true)
  })

  it('answers 401 to whoever may not see photos, whether there is such a photo or not', async () => {
    const { hash } = await store.put(jpeg)
    const app = createPhotoRoutes(store, ({ req }) => req.header('authorization') === 'Bearer mine')
    for (const name of [hash, unknown, `%${hash.charCodeAt(0).toString(16)}${hash.slice(1)}`]) {
      for (const method of ['GET', 'HEAD'])
        expect((await app.request(`/photos/${name}`, { method })).status).toBe(401)
    }
    const refused = await app.request(`/photos/${hash}`)
    expect(await refused.json()).toMatchObject({
      code: 'UNAUTHENTICATED',
      hint: expect.stringContaining('token'),
    })
    const headers = { authorization: 'Bearer mine' }
    expect((await app.request(`/photos/${hash}`, { headers })).status).toBe(200)
  })

  it('answers HEAD, 304, 404 and 400', async () => {
    const { hash } = await store.put(jpeg)
    const app = createPhotoRoutes(store)
    const headers = { 'If-None-Match': `"${hash}"` }
    expect((await app.request(`/photos/${hash}`, { headers })).status).toBe(304)
    const head = await app.request(`/photos/${hash}`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
    const missing = await app.request(`/photos/${unknown}`)
    expect([missing.status, await missing.json()]).toMatchObject([404, { code: 'NOT_FOUND', where: unknown }])
    const wrong = await app.request('/photos/nonsense')
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { code: 'INVALID_INPUT' }])
  })
})
