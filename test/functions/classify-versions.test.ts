/** Several versions of several models in one function: which are loaded, which one answers, and what is kept. */

import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ChannelPointer, registryKeys } from '../../lib/registry/index.ts'
import {
  blockPhoto,
  type CacheFolder,
  type Classify,
  cacheFolder,
  seededHead,
  serveClassify,
  temporaryDirectory,
} from '../support/index.ts'

let workplace: Awaited<ReturnType<typeof temporaryDirectory>>
let photo: Uint8Array
let tests = 0
let cache: CacheFolder
let backbone: string
let classify: Classify | undefined

beforeAll(async () => {
  workplace = await temporaryDirectory('versions')
  photo = await blockPhoto('versions')
})
afterAll(() => workplace.remove())
beforeEach(async () => {
  cache = cacheFolder(path.join(workplace.directory, String(++tests)))
  backbone = await cache.backbone()
})
afterEach(async () => {
  await classify?.close()
  classify = undefined
})

async function start(models: string): Promise<Classify> {
  classify = await serveClassify(cache.directory, { MODELS: models, RUNTIME: 'wasm' })
  return classify
}

const install = (version: number, folder = cache): Promise<ChannelPointer> =>
  folder.version(version, seededHead([`v${version}-a`, `v${version}-b`], version), backbone)

/** Which version a request reaches, by the labels that it answers with. */
async function versionOf(where: string): Promise<string> {
  const { status, json } = await classify!.ask(`${where}:predict`, {
    signature_name: 'image_bytes',
    instances: [{ b64: Buffer.from(photo).toString('base64') }],
  })
  return status === 200 ? json.predictions[0].classes[0] : `${status} ${json.error}`
}

/** Each version with its state, as TensorFlow Serving's API tells it. */
async function states(model = 'photos'): Promise<Record<string, string>> {
  const { json } = await classify!.ask(model)
  return Object.fromEntries(
    (json.model_version_status ?? []).map(({ version, state }: Record<string, string>) => [version, state])
  )
}

describe('channels', () => {
  it('are labels: each is a version of its own, the first one serves', async () => {
    await cache.point(await install(1))
    await cache.point(await install(2), 'canary')
    await start('photos@stable+canary')
    await classify!.says({ serving: 1, why: null })
    await expect.poll(states).toEqual({ 1: 'AVAILABLE', 2: 'AVAILABLE' })
    expect(await versionOf('photos')).toBe('v1-a')
    expect(await versionOf('photos/labels/stable')).toBe('v1-a')
    expect(await versionOf('photos/labels/canary')).toBe('v2-a')
    expect(await versionOf('photos/versions/2')).toBe('v2-a')
  })

  it('the first of which names nothing yet serve nobody who names none', async () => {
    await cache.point(await install(2), 'canary')
    await start('photos@stable+canary')
    await expect.poll(() => versionOf('photos/labels/canary'), { timeout: 20_000 }).toBe('v2-a')
    expect(await versionOf('photos')).toBe('404 Servable not found for request: Latest(photos)')
    expect((await classify!.post(photo)).status).toBe(503)
  })

  it('move only once their version is loaded; until then the old one is theirs', async () => {
    await cache.point(await install(1))
    await start('photos')
    await classify!.says({ serving: 1, why: null })
    const pointer = await install(2)
    const head = cache.file(registryKeys.file('photos', 2, 'head.bin'))
    const whole = await readFile(head)
    await writeFile(head, whole.subarray(0, 10))
    await cache.point(pointer)
    await expect.poll(states).toEqual({ 1: 'AVAILABLE', 2: 'END' })
    const { json } = await classify!.ask('photos/versions/2')
    expect(json.model_version_status[0].status).toEqual({
      error_code: 'DATA_LOSS',
      error_message: 'head.bin of version 2 does not match its manifest',
    })
    expect(await versionOf('photos/labels/stable')).toBe('v1-a')
    expect(await versionOf('photos/versions/2')).toMatch(/^404 /)
    await writeFile(head, whole)
    await classify!.says({ serving: 2, why: null })
    expect(await versionOf('photos/labels/stable')).toBe('v2-a')
  })

  it('keep the version before, so that going back is instant, and no more than that', async () => {
    const pointers = []
    await start('photos')
    for (const version of [1, 2, 3]) {
      pointers.push(await install(version))
      await cache.point(pointers.at(-1)!)
      await classify!.says({ serving: version, why: null })
    }
    await expect.poll(states).toEqual({ 2: 'AVAILABLE', 3: 'AVAILABLE' })
    await cache.point(pointers[1]!)
    await classify!.says({ serving: 2, why: null })
    expect(await versionOf('photos')).toBe('v2-a')
    expect(await versionOf('photos/versions/3')).toBe('v3-a')
  })

  it('do not keep a version that has a backbone of its own', async () => {
    await start('photos')
    await cache.point(await install(1))
    await classify!.says({ serving: 1, why: null })
    backbone = await cache.backbone('another')
    await cache.point(await install(2))
    await classify!.says({ serving: 2, why: null })
    await expect.poll(states).toEqual({ 2: 'AVAILABLE' })
  })
})

describe('versions by their numbers', () => {
  it('latest:2 serves the newest of two, and follows', async () => {
    const pointers = [await install(1), await install(2), await install(3)]
    await cache.offer(pointers.slice(0, 2))
    await start('photos@latest:2')
    await classify!.says({ serving: 2, wanted: 2, why: null })
    await expect.poll(states).toEqual({ 1: 'AVAILABLE', 2: 'AVAILABLE' })
    await cache.offer(pointers)
    await classify!.says({ serving: 3, wanted: 3, why: null })
    await expect.poll(states).toEqual({ 2: 'AVAILABLE', 3: 'AVAILABLE' })
    expect(await versionOf('photos/versions/2')).toBe('v2-a')
  })

  it('latest:1 goes on with the one before where the newest does not load', async () => {
    const pointers = [await install(1), await install(2)]
    await cache.offer(pointers.slice(0, 1))
    await start('photos@latest:1')
    await classify!.says({ serving: 1 })
    await writeFile(cache.file(registryKeys.manifest('photos', 2)), '{')
    await cache.offer(pointers)
    await classify!.says({
      wanted: 2,
      serving: 1,
      why: 'version 2 does not load: version 2 is not the one that is wanted',
    })
    expect(await versionOf('photos')).toBe('v1-a')
  })

  it('specific versions, whatever else is there', async () => {
    await cache.offer([await install(1), await install(2), await install(3)])
    await start('photos@specific:1+2')
    await classify!.says({ serving: 2 })
    await expect.poll(states).toEqual({ 1: 'AVAILABLE', 2: 'AVAILABLE' })
  })
})

describe('several models', () => {
  it('share a backbone, and each has its own versions', async () => {
    const birds = cacheFolder(cache.directory, 'birds')
    await cache.point(await install(1))
    await birds.point(await install(7, birds))
    await start('photos birds')
    await classify!.says({ serving: 1 })
    await classify!.says({ model: 'birds', serving: 7 }, 'birds')
    expect(await versionOf('photos')).toBe('v1-a')
    expect(await versionOf('birds')).toBe('v7-a')
    // The photo is one for both of them: it was computed once.
    expect(await classify!.metric(':tensorflow:serving:batching_session:input_batch_size_sum')).toBe(1)
    const answer = await (await classify!.post(photo, { model: 'birds' })).json()
    expect(answer).toMatchObject({ model: { name: 'birds', version: 7 } })
    expect(await (await classify!.post(photo)).json()).toMatchObject({
      model: { name: 'photos', version: 1 },
    })
  })

  it('are named to whoever asks for another', async () => {
    await start('photos birds')
    const response = await classify!.post(photo, { model: 'cars' })
    expect([response.status, await response.json()]).toEqual([
      404,
      {
        error: 'there is no model "cars" here',
        code: 'NOT_FOUND',
        where: 'model',
        hint: 'models: photos, birds',
      },
    ])
  })

  it('one of which is broken leaves the others alone', async () => {
    const birds = cacheFolder(cache.directory, 'birds')
    await birds.point(await install(7, birds))
    await writeFile(cache.file(registryKeys.manifest('birds', 7)), '')
    await cache.point(await install(1))
    await start('birds photos')
    await classify!.says({ serving: 1, why: null }, 'photos')
    await classify!.says({ wanted: 7, serving: null, why: expect.stringContaining('does not load') as never })
    expect(await versionOf('photos')).toBe('v1-a')
  })
})
