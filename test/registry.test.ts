import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultBackboneDir, openBackbone } from '../lib/backbone/index.ts'
import { fitNovelty } from '../lib/novelty/index.ts'
import {
  BACKBONE_FILES,
  fetchBackbone,
  HEAD_FILE,
  modelRegistry,
  NOVELTY_FILE,
  publishBackbone,
  readNovelty,
  registryKeys,
} from '../lib/registry/index.ts'
import { BACKBONE, type Bucket, openBucket, seededHead, temporaryDirectory } from './support/index.ts'

let bucket: Bucket

beforeAll(async () => {
  bucket = await openBucket()
})

afterAll(() => bucket.close())

/** What a training run knows about its version. */
const about = (run: string, dataset = 'photos') => ({
  backbone: { name: 'test', hash: BACKBONE },
  thresholds: { accept: 0.95, audit: 0.03 },
  trainedOn: { dataset, run, snapshot: 'abc' },
  metrics: {},
})
const head = (seed: number) => seededHead(['cat', 'dog'], seed, 4)
let models = 0
/** A model that nothing has been published of. */
function freshRegistry() {
  const model = `model-${++models}`
  return { model, registry: modelRegistry(bucket.store, model) }
}

describe('publishing', () => {
  it('counts up, and gives back what was published', async () => {
    const { registry } = freshRegistry()
    expect(await registry.versions()).toEqual([])
    expect((await registry.publish('000001', head(1), about('000001'))).version).toBe(1)
    expect((await registry.publish('000002', head(2), about('000002'))).version).toBe(2)
    expect(await registry.versions()).toEqual([1, 2])
    const read = await registry.head(2)
    expect(read.head).toEqual(head(2))
    expect(read.manifest.trainedOn.run).toBe('000002')
  })

  it('repeats a run that had published: same number, same bytes', async () => {
    const { registry } = freshRegistry()
    await registry.publish('000001', head(1), about('000001'))
    const { hash } = await registry.manifest(1)
    const again = await registry.publish('000001', head(1), { ...about('000001'), metrics: { seconds: 9 } })
    expect(again.version).toBe(1)
    expect(await registry.versions()).toEqual([1])
    expect((await registry.manifest(1)).hash).toBe(hash)
  })

  it('repeats a run that crashed in between: same number', async () => {
    const { model, registry } = freshRegistry()
    await registry.publish('000001', head(1), about('000001'))
    await registry.publish('000002', head(2), about('000002'))
    await bucket.store.delete(registryKeys.manifest(model, 2))
    expect(await registry.versions()).toEqual([1])
    expect((await registry.publish('000002', head(2), about('000002'))).version).toBe(2)
    // A number is never given to somebody else, not even when its run came to nothing.
    await bucket.store.delete(registryKeys.manifest(model, 2))
    expect((await registry.publish('000003', head(3), about('000003'))).version).toBe(3)
  })

  it('gives two datasets of one model numbers of their own', async () => {
    const { registry } = freshRegistry()
    expect((await registry.publish('000001', head(1), about('000001', 'north'))).version).toBe(1)
    expect((await registry.publish('000001', head(2), about('000001', 'south'))).version).toBe(2)
    expect((await registry.publish('000001', head(1), about('000001', 'north'))).version).toBe(1)
    expect((await registry.head(1)).head).toEqual(head(1))
  })

  it('gives many at once numbers of their own', async () => {
    const { registry } = freshRegistry()
    const runs = Array.from({ length: 6 }, (_, i) => `00000${i + 1}`)
    const published = await Promise.all(runs.map((run, i) => registry.publish(run, head(i), about(run))))
    expect(published.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4, 5, 6])
    const same = await Promise.all([1, 2, 3].map(() => registry.publish('000007', head(7), about('000007'))))
    expect(same.map(({ version }) => version)).toEqual([7, 7, 7])
  })

  it('leaves a version alone that came without a run', async () => {
    const { model, registry } = freshRegistry()
    await registry.publish('000001', head(1), about('000001'))
    await bucket.store.delete(registryKeys.reservation(model, 1))
    expect((await registry.publish('000002', head(2), about('000002'))).version).toBe(2)
  })
})

describe('reading', () => {
  it('says which versions there are when one is asked for that is not', async () => {
    const { registry } = freshRegistry()
    await registry.publish('000001', head(1), about('000001'))
    await expect(registry.head(7)).rejects.toMatchObject({ code: 'NOT_FOUND', hint: 'versions: 1' })
  })

  it('notices a head that is not the one of the manifest', async () => {
    const { model, registry } = freshRegistry()
    await registry.publish('000001', head(1), about('000001'))
    await bucket.store.put(registryKeys.file(model, 1, HEAD_FILE), new Uint8Array(100))
    await expect(registry.head(1)).rejects.toMatchObject({ code: 'CORRUPT' })
    await bucket.store.delete(registryKeys.file(model, 1, HEAD_FILE))
    await expect(registry.head(1)).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  it('holds what a version knows, and notices where it is not the one of the manifest', async () => {
    const { model, registry } = freshRegistry()
    const known = Array.from({ length: 30 }, (_, i) => Float32Array.of(i, i * i, 1, 2))
    const novelty = fitNovelty({ known, foreign: [] })
    const { files } = await registry.publish('000001', head(1), about('000001'), novelty)
    expect(Object.keys(files)).toEqual([HEAD_FILE, NOVELTY_FILE])
    const { manifest } = await registry.manifest(1)
    const { body } = (await bucket.store.get(registryKeys.file(model, 1, NOVELTY_FILE)))!
    expect(readNovelty(manifest, body, 'here')).toEqual(novelty)
    expect(() => readNovelty(manifest, body.subarray(1), 'here')).toThrow(
      expect.objectContaining({ code: 'CORRUPT', message: expect.stringContaining(NOVELTY_FILE) })
    )
    expect(
      readNovelty(await registry.publish('000002', head(2), about('000002')), body, 'here')
    ).toBeUndefined()
  })

  it('notices a manifest that is none', async () => {
    const { model, registry } = freshRegistry()
    for (const text of ['', '{"format":', '{"format":"edgeloop-model/9"}', '[]']) {
      await bucket.store.put(registryKeys.manifest(model, 1), text)
      await expect(registry.head(1)).rejects.toMatchObject({ code: 'CORRUPT' })
    }
  })
})

describe('a channel', () => {
  it('points at a version, and remembers the one before', async () => {
    const { registry } = freshRegistry()
    await registry.publish('000001', head(1), about('000001'))
    await registry.publish('000002', head(2), about('000002'))
    expect(await registry.channel('stable')).toBeUndefined()
    await registry.setChannel('stable', { version: 1, by: 'test', why: 'first' }, undefined)
    const seen = await registry.channel('stable')
    expect(seen!.value).toMatchObject({ version: 1, previous: null })
    await registry.setChannel('stable', { version: 2, by: 'test', why: 'better' }, seen)
    const { value } = (await registry.channel('stable'))!
    expect(value).toMatchObject({ version: 2, previous: 1, by: 'test', why: 'better' })
    expect(value.manifest).toBe((await registry.manifest(2)).hash)
  })

  it('does not move when somebody else has moved it since', async () => {
    const { registry } = freshRegistry()
    for (const run of ['000001', '000002', '000003']) await registry.publish(run, head(1), about(run))
    await registry.setChannel('stable', { version: 1, by: 'test', why: '' }, undefined)
    const move = (version: number) => ({ version, by: 'test', why: '' })
    await expect(registry.setChannel('stable', move(2), undefined)).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    const seen = await registry.channel('stable')
    const moves = await Promise.allSettled([2, 3].map((n) => registry.setChannel('stable', move(n), seen)))
    expect(moves.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  it('does not point at what is not complete', async () => {
    const { registry } = freshRegistry()
    await expect(
      registry.setChannel('stable', { version: 1, by: 'test', why: '' }, undefined)
    ).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await registry.channel('stable')).toBeUndefined()
  })
})

describe('backbones', () => {
  it('come back whole, or not at all', async () => {
    const { directory, remove } = await temporaryDirectory('fetch-backbone')
    const { manifest } = await openBackbone(defaultBackboneDir)
    const [weights, description] = BACKBONE_FILES
    const fetching = (hash: string) => fetchBackbone(bucket.store, hash, path.join(directory, hash))

    await expect(fetching(manifest.hash)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      where: registryKeys.backboneFile(manifest.hash, description),
    })
    await publishBackbone(bucket.store, defaultBackboneDir, manifest.hash)
    await fetching(manifest.hash)
    expect((await openBackbone(path.join(directory, manifest.hash))).manifest).toEqual(manifest)

    // Somebody put it under a wrong name, and somebody else put half of it there.
    await publishBackbone(bucket.store, defaultBackboneDir, BACKBONE)
    await expect(fetching(BACKBONE)).rejects.toMatchObject({
      code: 'CORRUPT',
      message: `this is backbone ${manifest.hash}, not ${BACKBONE}`,
    })
    const half = 'ab'.repeat(32)
    await bucket.store.put(registryKeys.backboneFile(half, weights), new Uint8Array(10))
    const text = await readFile(path.join(defaultBackboneDir, description))
    await bucket.store.put(registryKeys.backboneFile(half, description), text)
    await expect(fetching(half)).rejects.toMatchObject({ code: 'CORRUPT' })
    expect((await readdir(directory)).filter((name) => !name.endsWith('.part'))).toEqual([manifest.hash])
    await remove()
  })
})
