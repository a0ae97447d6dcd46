import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { defaultBackboneDir, openBackbone, readBackboneManifest } from '../../lib/backbone/index.ts'
import type { Head } from '../../lib/head/index.ts'
import { modelSelections } from '../../lib/model-selection/index.ts'
import { BACKBONE_FILES, type ModelRegistry, modelRegistry, registryKeys } from '../../lib/registry/index.ts'
import { createObjectStore, type ObjectStore } from '../../lib/s3/index.ts'
import { createLink, type Link } from '../../platform/link/index.ts'
import { createS3Server, type S3Server } from '../../platform/s3/index.ts'
import { createModelCache, type ModelCache } from './index.ts'

vi.setConfig({ testTimeout: 60_000 })

const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' }
const open = (endpoint: string) =>
  createObjectStore({ endpoint, bucket: 'test', attempts: 1, ...credentials })

/** Machines are busy at times. */
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 5 })

let directory: string
let tests = 0
/** Each test has a model of its own in the one bucket. */
let model: string
let cacheDirectory: string
let s3: S3Server
let link: Link
/** The registry's own way into S3; the cache's goes over a link that can be cut. */
let bucket: ObjectStore
let registry: ModelRegistry
let backbone: { name: string; hash: string }
/** Keys that the cache has asked for. */
let asked: string[]
let cache: ModelCache | undefined

function start({
  models = model,
  ...more
}: {
  models?: string
  pollMs?: number
  channel?: () => string | undefined
} = {}): ModelCache {
  const over = open(`http://127.0.0.1:${link.port}`)
  const store: ObjectStore = {
    ...over,
    get: (key, options) => {
      asked.push(key)
      return over.get(key, options)
    },
  }
  const created = createModelCache({
    store,
    directory: cacheDirectory,
    models: modelSelections.parse(models),
    pollMs: 20,
    ...more,
  })
  cache = {
    ...created,
    close: async () => {
      await created.close()
      over.close()
    },
  }
  return cache
}

const head = (bias: number): Head => ({
  labels: ['cat', 'dog'],
  weights: new Float32Array(2 * 1280),
  bias: Float32Array.of(bias, -bias),
  mean: new Float32Array(1280),
  scale: new Float32Array(1280).fill(1),
  temperature: 1,
})

const about = (run = '1') => ({
  backbone,
  thresholds: { accept: 0.95, audit: 0 },
  trainedOn: { dataset: 'photos', run, snapshot: 'snapshot' },
  metrics: {},
})

async function promote(run: string, bias: number): Promise<number> {
  const { version } = await registry.publish(run, head(bias), about(run))
  await point(version)
  return version
}

async function point(version: number): Promise<void> {
  const before = await registry.channel('stable')
  await registry.setChannel('stable', { version, by: 'test', why: 'test' }, before)
}

const offered = (version: number) => eventually(() => expect(cache!.offered()).toBe(version))
const versionsInCache = async () =>
  (await readdir(path.join(cacheDirectory, 'models', model))).filter((name) => /^\d+$/.test(name)).sort()
const inCache = (key: string) => path.join(cacheDirectory, key)

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-model-cache-'))
  s3 = await createS3Server({
    directory: path.join(directory, 's3'),
    host: '127.0.0.1',
    port: 0,
    buckets: ['test'],
    ...credentials,
  })
  bucket = open(s3.url)
  backbone = await readBackboneManifest(defaultBackboneDir)
  for (const file of BACKBONE_FILES)
    await bucket.put(
      registryKeys.backboneFile(backbone.hash, file),
      await readFile(path.join(defaultBackboneDir, file))
    )
})
beforeEach(async () => {
  tests++
  model = `photos-${tests}`
  cacheDirectory = path.join(directory, `cache-${tests}`)
  link = await createLink(s3.port)
  registry = modelRegistry(bucket, model)
  asked = []
})
afterEach(async () => {
  await cache?.close()
  cache = undefined
  await link.close()
})
afterAll(async () => {
  bucket.close()
  await s3.close()
  await rm(directory, { recursive: true, force: true })
})

describe('the model cache', () => {
  it('has nothing to offer, and no problem, before the first model', async () => {
    start()
    await sleep(100)
    expect([cache!.wanted(), cache!.offered(), cache!.problem()]).toEqual([null, null, null])
  })

  it('fetches what the channel points at, whole, with the registry’s layout', async () => {
    await promote('1', 1)
    start()
    await offered(1)
    expect([cache!.wanted(), cache!.problem()]).toEqual([1, null])
    for (const key of [
      registryKeys.channel(model, 'stable'),
      registryKeys.manifest(model, 1),
      registryKeys.file(model, 1, 'head.bin'),
    ])
      expect(Buffer.compare(await readFile(inCache(key)), (await bucket.get(key))!.body)).toBe(0)
    const folder = path.dirname(inCache(registryKeys.backboneFile(backbone.hash, 'weights.bin')))
    expect((await openBackbone(folder)).manifest.hash).toBe(backbone.hash)
  })

  it('follows the channel, fetches a backbone once, and keeps the version before', async () => {
    start()
    for (const version of [1, 2, 3, 4]) {
      expect(await promote(String(version), version)).toBe(version)
      await offered(version)
    }
    await eventually(async () => expect(await versionsInCache()).toEqual(['3', '4']))
    expect(asked.filter((key) => key.startsWith('backbones/'))).toHaveLength(2)
    await point(3)
    await offered(3)
    expect(await versionsInCache()).toEqual(['3', '4'])
    expect(asked.filter((key) => key.startsWith('backbones/'))).toHaveLength(2)
  })

  it('looks at once when it is told to', async () => {
    start({ pollMs: 60_000 })
    await eventually(() => expect(asked).toHaveLength(1))
    await promote('1', 1)
    cache!.poke()
    await offered(1)
  })
})

/** What `offered.json` tells functions. */
async function offeredNumbers(of = model): Promise<number[]> {
  const bytes = await readFile(inCache(registryKeys.offered(of)), 'utf8').catch(() => '{"versions":[]}')
  return JSON.parse(bytes).versions.map(({ version }: { version: number }) => version)
}

describe('another channel in place of the one that functions read', () => {
  it('is followed from the next look on, and kept through a restart; one that is none is told', async () => {
    let channel: string | undefined
    const stable = await promote('1', 1)
    const canary = (await registry.publish('2', head(2), about('2'))).version
    await registry.setChannel('canary', { version: canary, by: 'test', why: 'test' }, undefined)
    start({ channel: () => channel })
    await offered(stable)
    channel = 'canary'
    await offered(canary)
    expect(JSON.parse(await readFile(inCache(registryKeys.channel(model, 'stable')), 'utf8'))).toMatchObject({
      version: canary,
    })
    channel = 'nightly'
    await eventually(() => expect(cache!.problem()).toContain('there is no channel nightly'))
    expect(cache!.offered()).toBe(canary)
    await cache!.close()
    link.cut()
    start({ channel: () => channel })
    await offered(canary)
    link.heal()
    channel = undefined
    await offered(stable)
    await eventually(() => expect(cache!.problem()).toBeNull())
  })
})

describe('several models and versions', () => {
  it('each have their own, and share a backbone', async () => {
    const other = `${model}-other`
    await promote('1', 1)
    registry = modelRegistry(bucket, other)
    await promote('1', 2)
    start({ models: `${model} ${other}` })
    await offered(1)
    await eventually(() => readFile(inCache(registryKeys.channel(other, 'stable'))))
    expect(cache!.problem()).toBeNull()
    expect(asked.filter((key) => key.startsWith('backbones/'))).toHaveLength(2)
  })

  it('do not wait for a model that is broken', async () => {
    const broken = `${model}-broken`
    await bucket.put(registryKeys.channel(broken, 'stable'), 'rubbish')
    await promote('1', 1)
    start({ models: `${broken} ${model}` })
    await eventually(() => readFile(inCache(registryKeys.channel(model, 'stable'))))
    await eventually(() =>
      expect(cache!.problem()).toBe(
        `${broken}@stable: the channel cannot be read (models/${broken}/channels/stable.json)`
      )
    )
    expect(cache!.offered()).toBeNull()
  })

  it('follow several channels, and keep what either of them needs', async () => {
    start({ models: `${model}@stable+canary` })
    for (const version of [1, 2]) {
      await promote(String(version), version)
      await offered(version)
    }
    const { version } = await registry.publish('3', head(3), about())
    await registry.setChannel('canary', { version, by: 'test', why: 'test' }, undefined)
    const canary = async () =>
      JSON.parse(await readFile(inCache(registryKeys.channel(model, 'canary')), 'utf8')).version
    await eventually(async () => expect(await canary()).toBe(3))
    expect([cache!.wanted(), cache!.offered()]).toEqual([2, 2])
    expect(await versionsInCache()).toEqual(['1', '2', '3'])
  })

  it('are the newest ones, promoted or not', async () => {
    for (const version of [1, 2, 3]) await registry.publish(String(version), head(version), about())
    start({ models: `${model}@latest:2` })
    await eventually(async () => expect(await offeredNumbers()).toEqual([2, 3]))
    expect([cache!.wanted(), cache!.offered()]).toEqual([3, 3])
    await registry.publish('4', head(4), about())
    await eventually(async () => expect(await offeredNumbers()).toEqual([3, 4]))
    await eventually(async () => expect(await versionsInCache()).toEqual(['3', '4']))
  })

  it('are still there after a restart out of reach of S3, and when the registry has lost them', async () => {
    for (const version of [1, 2]) await registry.publish(String(version), head(version), about())
    start({ models: `${model}@latest:1` })
    await eventually(async () => expect(await offeredNumbers()).toEqual([2]))
    await cache!.close()
    link.cut()
    start({ models: `${model}@latest:1` })
    await offered(2)
    for (const version of [1, 2]) await bucket.delete(registryKeys.manifest(model, version))
    link.heal()
    cache!.poke()
    await eventually(() => expect(cache!.problem()).toBeNull())
    expect([cache!.offered(), await offeredNumbers()]).toEqual([2, [2]])
  })

  it('go on with those before where the newest is broken', async () => {
    for (const version of [1, 2]) await registry.publish(String(version), head(version), about())
    start({ models: `${model}@latest:1` })
    await offered(2)
    link.cut()
    await registry.publish('3', head(3), about())
    await bucket.put(registryKeys.file(model, 3, 'head.bin'), 'rubbish')
    link.heal()
    cache!.poke()
    await eventually(() => expect(cache!.problem()).toMatch(/^version 3 cannot be fetched: .*head.bin\)$/))
    expect([cache!.wanted(), cache!.offered(), await offeredNumbers()]).toEqual([3, 2, [2]])
  })

  it('are certain ones: those that are there are offered, those that are not are told', async () => {
    for (const version of [1, 2, 3]) await registry.publish(String(version), head(version), about())
    start({ models: `${model}@specific:1+3+4` })
    await eventually(async () => expect(await offeredNumbers()).toEqual([1, 3]))
    await eventually(() =>
      expect(cache!.problem()).toBe(
        `version 4 cannot be fetched: version 4 is not in the registry (models/${model}/4/manifest.json)`
      )
    )
    await registry.publish('4', head(4), about())
    cache!.poke()
    await eventually(async () => expect(await offeredNumbers()).toEqual([1, 3, 4]))
    expect(cache!.problem()).toBeNull()
    asked = []
    await sleep(100)
    expect(asked).toEqual([])
  })
})

describe('a restart', () => {
  it('offers what is there, also out of reach of S3, and fetches nothing again', async () => {
    await promote('1', 1)
    start()
    await offered(1)
    await cache!.close()
    link.cut()
    asked = []
    start()
    await offered(1)
    await eventually(() => expect(cache!.problem()).toMatch(/cannot be reached|ECONNRESET|socket|reach/i))
    link.heal()
    cache!.poke()
    await eventually(() => expect(cache!.problem()).toBeNull())
    expect(new Set(asked)).toEqual(new Set([registryKeys.channel(model, 'stable')]))
  })

  it.each([
    ['head', () => registryKeys.file(model, 1, 'head.bin')],
    ['manifest', () => registryKeys.manifest(model, 1)],
    ['backbone', () => registryKeys.backboneFile(backbone.hash, 'weights.bin')],
    ['channel', () => registryKeys.channel(model, 'stable')],
  ])('fetches a %s again that the disk has damaged', async (_name, key) => {
    await promote('1', 1)
    start()
    await offered(1)
    await cache!.close()
    const damaged = await readFile(inCache(key()))
    damaged[damaged.length >> 1]! ^= 1
    await writeFile(inCache(key()), damaged)
    start()
    await offered(1)
    expect(Buffer.compare(await readFile(inCache(key())), (await bucket.get(key()))!.body)).toBe(0)
  })

  it('in the middle of fetching leaves nothing that looks whole', async () => {
    await promote('1', 1)
    // As a process leaves it that was killed between two files.
    const folder = path.dirname(inCache(registryKeys.backboneFile(backbone.hash, 'weights.bin')))
    const draft = `${folder}.part`
    await rm(draft, { recursive: true, force: true })
    start()
    await vi.waitFor(() => stat(draft), { interval: 1 }).catch(() => {})
    await cache!.close()
    if (cache!.offered() === null)
      await expect(stat(inCache(registryKeys.channel(model, 'stable')))).rejects.toThrow()
    start()
    await offered(1)
    expect((await openBackbone(folder)).manifest.hash).toBe(backbone.hash)
  })
})

describe('what is wrong in the registry', () => {
  it.each([
    [
      'head does not match its hash',
      async () => bucket.put(registryKeys.file(model, 2, 'head.bin'), 'rubbish'),
    ],
    ['manifest does not match the channel', async () => bucket.put(registryKeys.manifest(model, 2), '{}')],
    ['head is missing', async () => bucket.delete(registryKeys.file(model, 2, 'head.bin'))],
    ['manifest is missing', async () => bucket.delete(registryKeys.manifest(model, 2))],
  ])('is told, and the old version stays: %s', async (_name, damage) => {
    await promote('1', 1)
    start()
    await offered(1)
    link.cut()
    await promote('2', 2)
    await damage()
    link.heal()
    cache!.poke()
    await eventually(() =>
      expect(cache!.problem()).toMatch(/^version 2 cannot be fetched: .+ \(models\/photos-\d+\/2\//)
    )
    expect([cache!.wanted(), cache!.offered()]).toEqual([2, 1])
    const channel = JSON.parse(await readFile(inCache(registryKeys.channel(model, 'stable')), 'utf8'))
    expect(channel.version).toBe(1)
    await promote('3', 3)
    cache!.poke()
    await offered(3)
    expect(cache!.problem()).toBeNull()
  })

  it('is told, and mended by itself: a backbone that is damaged', async () => {
    const key = registryKeys.backboneFile(backbone.hash, 'weights.bin')
    const whole = (await bucket.get(key))!.body
    const damaged = Buffer.from(whole)
    damaged[1000]! ^= 1
    await bucket.put(key, damaged)
    await promote('1', 1)
    start()
    await eventually(() => expect(cache!.problem()).toMatch(/weights do not match/))
    expect(cache!.offered()).toBeNull()
    await bucket.put(key, whole)
    cache!.poke()
    await offered(1)
  })

  it('is told: a channel that is none', async () => {
    await bucket.put(registryKeys.channel(model, 'stable'), '{"version": "two"}')
    start()
    await eventually(() =>
      expect(cache!.problem()).toBe(`the channel cannot be read (models/${model}/channels/stable.json)`)
    )
  })
})

describe('out of reach of S3', () => {
  it('it tries less and less often, and at once when it is told to', async () => {
    await promote('1', 1)
    link.cut()
    const started = performance.now()
    start()
    await sleep(400)
    await eventually(() => expect(asked.length).toBeGreaterThanOrEqual(2))
    // After 20, 40, 80, 160 ms and so on: a handful of attempts, where a steady poll would have made twenty.
    expect(asked.length).toBeLessThanOrEqual(2 + Math.log2((performance.now() - started) / 20))
    link.heal()
    cache!.poke()
    await offered(1)
  })

  it('it closes at once', async () => {
    link.cut()
    start({ pollMs: 60_000 })
    await sleep(50)
    const started = performance.now()
    await cache!.close()
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
