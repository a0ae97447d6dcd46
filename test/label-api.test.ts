/** The label queue over HTTP, behind the gateway, on a real bucket. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authenticatorFrom, createGateway, createLocalProvider, readProfiles } from '../gateway/index.ts'
import { labelQueue, labelSet, sampleStore } from '../lib/dataset/index.ts'
import { createLabelRoutes } from '../lib/label-routes/index.ts'
import { photoHash } from '../lib/photo/index.ts'
import { createTeardown } from '../lib/teardown/index.ts'
import { serveHttp } from '../lib/web-server/index.ts'
import { blockPhoto, openBucket, sampleOf, temporaryDirectory } from './support/index.ts'

const DATASET = 'api'
const teardown = createTeardown()
let url: string
/** The same without anybody being asked who they are, where the server knows. */
let known: string
const photos: { hash: string; bytes: Uint8Array }[] = []

beforeAll(async () => {
  const bucket = await openBucket()
  teardown.add(bucket.close)
  const { store } = bucket
  for (const label of ['ant', 'bee', 'cat', 'dog', 'eel']) await labelSet(store, DATASET).add(label)
  const { features: _features, uplink: _uplink, ...sample } = sampleOf(0, 'review')
  for (let i = 0; i < 3; i++) {
    const bytes = await blockPhoto(`api ${i}`, 'png')
    const photo = { hash: photoHash(bytes), size: bytes.length, mediaType: 'image/png' }
    const prediction = { ...sample.prediction!, confidence: 0.5 + i / 10 }
    const record = { ...sample, band: 'review' as const, photo, prediction, backbone: null, withPhoto: true }
    await sampleStore(store, DATASET).put({ record, features: null, photo: bytes })
    photos.push({ hash: photo.hash, bytes })
  }
  const { directory, remove } = await temporaryDirectory('label-api')
  teardown.add(remove)
  const secrets = path.join(directory, 'secrets')
  await mkdir(secrets)
  for (const [name, secret] of Object.entries({
    'basic-auth-user': 'admin',
    'basic-auth-password': 'secret',
  }))
    await writeFile(path.join(secrets, name), secret)
  const provider = await createLocalProvider({
    node: { name: 'cloud', labels: {} },
    directory,
    profiles: await readProfiles(new URL('../edge-profiles', import.meta.url).pathname),
    handlers: new Map(),
    environment: {},
  })
  teardown.add(() => provider.close())
  const queue = labelQueue({ store, dataset: DATASET })
  const gateway = createGateway(provider, { authenticator: authenticatorFrom(secrets), labelQueue: queue })
  teardown.add(() => gateway.close())
  const { fetch, intercept } = gateway
  const server = await serveHttp({ fetch, intercept, host: '127.0.0.1', port: 0, name: 'the gateway' })
  teardown.add(() => server.close())
  url = server.url
  const page = createLabelRoutes(queue, { prefix: '/labels', who: (c) => c.req.header('x-user') })
  const other = await serveHttp({ fetch: page.fetch, host: '127.0.0.1', port: 0, name: 'a page' })
  teardown.add(() => other.close())
  known = other.url
})

afterAll(() => teardown.run())

const authorization = `Basic ${Buffer.from('admin:secret').toString('base64')}`

async function ask(path: string, init: RequestInit = {}) {
  const headers = { authorization, ...init.headers }
  const response = await fetch(new URL(`/api/labels/${path}`, url), { ...init, headers })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const post = (path: string, body: unknown, type = 'application/json') =>
  ask(path, {
    method: 'POST',
    headers: { 'content-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

describe('the label queue over HTTP', () => {
  it('is for whoever may use the gateway', async () => {
    for (const path of ['state', 'openapi.json', `photos/${photos[0]!.hash}`, 'claim']) {
      const response = await fetch(new URL(`/api/labels/${path}`, url))
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toContain('Basic')
    }
  })

  it('claims, shows, answers, takes back and skips', async () => {
    const [first, second, third] = photos.map(({ hash }) => hash)
    const claimed = await post('claim', { by: 'ana', count: 2 })
    expect(claimed).toMatchObject({
      status: 200,
      body: {
        questions: [
          {
            photo: first,
            labels: ['ant', 'bee', 'cat', 'dog', 'eel'],
            second: false,
            mediaType: 'image/png',
          },
          { photo: second },
        ],
      },
    })
    expect(JSON.stringify(claimed.body)).not.toMatch(/confidence|prediction/)

    const shown = await fetch(new URL(`/api/labels/photos/${first}`, url), { headers: { authorization } })
    expect(shown.status).toBe(200)
    expect(Object.fromEntries(shown.headers)).toMatchObject({
      ...{ 'content-type': 'image/png', 'x-content-type-options': 'nosniff', etag: `"${first}"` },
      'cache-control': 'private, max-age=31536000, immutable',
    })
    expect(new Uint8Array(await shown.arrayBuffer())).toEqual(new Uint8Array(photos[0]!.bytes))
    const again = await fetch(new URL(`/api/labels/photos/${first}`, url), {
      headers: { authorization, 'if-none-match': `"${first}"` },
    })
    expect(again.status).toBe(304)

    expect(await post('answer', { photo: first, by: 'ana', label: 'eel' })).toMatchObject({
      status: 200,
      body: { prediction: { confidence: 0.5, model: { version: 3 } } },
    })
    expect(await post('answer', { photo: second, by: 'ana', label: null })).toMatchObject({ status: 200 })
    expect(await post('undo', { by: 'ana' })).toEqual({ status: 200, body: { photo: second } })
    expect(await post('skip', { photo: second, by: 'ana' })).toEqual({ status: 200, body: {} })
    expect(await post('claim', { by: 'ana', count: 5 })).toMatchObject({
      body: { questions: [{ photo: third }] },
    })
    expect(await ask('state')).toMatchObject({
      status: 200,
      body: { waiting: 1, claimed: 1, answered: 1, neither: 0, pseudoLabels: { stopped: false } },
    })
  })

  it('refuses in JSON, with what to do', async () => {
    const [first, , third] = photos.map(({ hash }) => hash)
    const refused = async (answer: ReturnType<typeof post>, status: number, body: object) =>
      expect(await answer).toMatchObject({ status, body: { ...body, hint: expect.any(String) } })
    const answer = { photo: third, by: 'ben', label: 'ant' }
    await refused(post('answer', answer), 409, { code: 'CONFLICT', where: third })
    await refused(post('answer', { ...answer, photo: first }), 409, { code: 'CONFLICT' })
    await refused(post('answer', { ...answer, photo: '0'.repeat(64) }), 404, { code: 'NOT_FOUND' })
    await refused(post('answer', { ...answer, photo: 'x' }), 400, { where: 'photo' })
    await refused(post('answer', { photo: third, by: 'ben' }), 400, { where: 'label' })
    await refused(post('answer', { ...answer, by: 'ana', label: 'antt' }), 400, { where: 'label' })
    await refused(post('answer', { ...answer, by: 'ana', label: 'a\nb' }), 400, { where: 'label' })
    await refused(post('claim', { by: 'ben', count: 51 }), 400, { where: 'count' })
    await refused(post('claim', {}), 400, { where: 'by' })
    await refused(post('claim', '{"by":'), 400, { where: 'body' })
    await refused(post('claim', { by: 'x'.repeat(70_000) }), 413, { code: 'TOO_LARGE' })
    // What a page of another site can send without asking.
    await refused(post('claim', { by: 'ben' }, 'text/plain'), 415, { code: 'UNSUPPORTED_MEDIA' })
    await refused(ask(`photos/${'0'.repeat(64)}`), 404, { code: 'NOT_FOUND' })
    await refused(ask('photos/x'), 400, { where: 'photo' })
  })

  it('takes a label that is said to be new', async () => {
    expect(
      await post('answer', { photo: photos[2]!.hash, by: 'ana', label: ' fox ', isNew: true })
    ).toMatchObject({ status: 200 })
    expect((await ask('state')).body.labels).toEqual(['ant', 'bee', 'cat', 'dog', 'eel', 'fox'])
  })

  it('describes itself', async () => {
    const { body } = await ask('openapi.json')
    expect(Object.keys(body.paths as object).sort()).toEqual(
      ['answer', 'claim', 'photos/{photo}', 'skip', 'state', 'undo'].map((path) => `/api/labels/${path}`)
    )
    const gateway = await fetch(new URL('/openapi.json', url))
    const { paths } = (await gateway.json()) as { paths: object }
    expect(paths).toHaveProperty('/api/labels/claim')
    expect(paths).toHaveProperty('/system/functions')
  })

  it('goes by who the server knows that it is, whatever the body says', async () => {
    const claim = (headers: Record<string, string>, body: object) =>
      fetch(new URL('/labels/claim', known), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }).then((response) => response.json())
    expect(await claim({ 'x-user': 'ben' }, { by: 'ana' })).toMatchObject({
      questions: [{ photo: photos[1]!.hash }],
    })
    expect(await claim({ 'x-user': 'ben' }, {})).toMatchObject({ questions: [{ photo: photos[1]!.hash }] })
    expect(await claim({}, { by: 'ana' })).toEqual({ questions: [] })
  })
})
