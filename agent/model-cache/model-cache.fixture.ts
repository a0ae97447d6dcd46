import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest'
import { defaultBackboneDir, readBackboneManifest } from '../../lib/backbone/index.ts'
import type { Head } from '../../lib/head/index.ts'
import { modelSelections } from '../../lib/model-selection/index.ts'
import { BACKBONE_FILES, type ModelRegistry, modelRegistry, registryKeys } from '../../lib/registry/index.ts'
import { createObjectStore, type ObjectStore } from '../../lib/s3/index.ts'
import { createLink, type Link } from '../../platform/link/index.ts'
import { createS3Server, type S3Server } from '../../platform/s3/index.ts'
import { createModelCache, type ModelCache } from './index.ts'

const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' }
const open = (endpoint: string) =>
  createObjectStore({ endpoint, bucket: 'test', attempts: 1, ...credentials })

/** Machines are busy at times. */
export const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 5 })

export const head = (bias: number): Head => ({
  labels: ['cat', 'dog'],
  weights: new Float32Array(2 * 1280),
  bias: Float32Array.of(bias, -bias),
  mean: new Float32Array(1280),
  scale: new Float32Array(1280).fill(1),
  temperature: 1,
})

/** A registry, a way to it that can be cut, and a node's cache; each test has a model and a cache of its own. */
export interface CacheSite {
  s3: S3Server
  model: string
  /** Of the cache. */
  directory: string
  /** The registry's own way into S3; the cache's goes over a link that can be cut. */
  bucket: ObjectStore
  link: Link
  registry: ModelRegistry
  /** What versions stand on that are published from now on. */
  backbone: { name: string; hash: string }
  /** Keys that the cache has read. */
  asked: string[]
  cache: ModelCache
  /** Starts a cache; it is closed after the test. */
  start(options?: {
    models?: string
    pollMs?: number
    endpoint?: string
    channel?: () => string | undefined
  }): ModelCache
  about(run?: string): Parameters<ModelRegistry['publish']>[2]
  /** Publishes a version and points `stable` at it. */
  promote(run: string, bias: number): Promise<number>
  point(version: number): Promise<void>
  /** Waits until the cache offers a version. */
  offered(version: number): Promise<void>
  versionsInCache(): Promise<string[]>
  /** Where a file of the cache is. */
  inCache(key: string): string
}

/** Registers what runs before and after the tests of a file. */
export function cacheSite(): CacheSite {
  let root: string
  let tests = 0
  let running: { close(): Promise<void> } | undefined
  const site = {
    about: (run = '1') => ({
      backbone: site.backbone,
      thresholds: { accept: 0.95, audit: 0 },
      trainedOn: { dataset: 'photos', run, snapshot: 'snapshot' },
      metrics: {},
    }),
    async promote(run, bias) {
      const { version } = await site.registry.publish(run, head(bias), site.about(run))
      await site.point(version)
      return version
    },
    async point(version) {
      const before = await site.registry.channel('stable')
      await site.registry.setChannel('stable', { version, by: 'test', why: 'test' }, before)
    },
    start({ models = site.model, endpoint = `http://127.0.0.1:${site.link.port}`, ...more } = {}) {
      const over = open(endpoint)
      const store: ObjectStore = {
        ...over,
        get(key, options) {
          site.asked.push(key)
          return over.get(key, options)
        },
        read(key, options) {
          site.asked.push(key)
          return over.read(key, options)
        },
      }
      const cache = createModelCache({
        store,
        directory: site.directory,
        models: modelSelections.parse(models),
        pollMs: 20,
        ...more,
      })
      const close = async () => {
        await cache.close()
        over.close()
      }
      site.cache = { ...cache, close }
      running = site.cache
      return site.cache
    },
    offered: (version) => eventually(() => expect(site.cache.offered()).toBe(version)),
    versionsInCache: async () =>
      (await readdir(site.inCache(registryKeys.versions(site.model))))
        .filter((name) => /^\d+$/.test(name))
        .sort(),
    inCache: (key) => path.join(site.directory, key),
  } as CacheSite

  beforeAll(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'edgeloop-model-cache-'))
    const directory = path.join(root, 's3')
    site.s3 = await createS3Server({
      directory,
      host: '127.0.0.1',
      port: 0,
      buckets: ['test'],
      ...credentials,
    })
    site.bucket = open(site.s3.url)
    const { name, hash } = await readBackboneManifest(defaultBackboneDir)
    for (const file of BACKBONE_FILES)
      await site.bucket.put(
        registryKeys.backboneFile(hash, file),
        await readFile(path.join(defaultBackboneDir, file))
      )
    site.backbone = { name, hash }
  })
  beforeEach(async () => {
    tests++
    site.model = `photos-${tests}`
    site.directory = path.join(root, `cache-${tests}`)
    site.link = await createLink(site.s3.port)
    site.registry = modelRegistry(site.bucket, site.model)
    site.asked = []
  })
  afterEach(async () => {
    await running?.close()
    running = undefined
    await site.link.close()
  })
  afterAll(async () => {
    site.bucket.close()
    await site.s3.close()
    await rm(root, { recursive: true, force: true })
  })
  return site
}
