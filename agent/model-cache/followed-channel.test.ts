import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { openBackbone } from '../../lib/backbone/index.ts'
import { registryKeys } from '../../lib/registry/index.ts'
import { cacheSite, eventually, head } from './model-cache.fixture.ts'

vi.setConfig({ testTimeout: 60_000 })

const at = cacheSite()

describe('a channel', () => {
  it('has nothing to offer, and no problem, before the first model', async () => {
    at.start()
    await sleep(100)
    expect([at.cache.wanted(), at.cache.offered(), at.cache.problem()]).toEqual([null, null, null])
  })

  it('fetches what the channel points at, whole, with the registry’s layout', async () => {
    await at.promote('1', 1)
    at.start()
    await at.offered(1)
    expect([at.cache.wanted(), at.cache.problem()]).toEqual([1, null])
    for (const key of [
      registryKeys.channel(at.model, 'stable'),
      registryKeys.manifest(at.model, 1),
      registryKeys.file(at.model, 1, 'head.bin'),
    ])
      expect(Buffer.compare(await readFile(at.inCache(key)), (await at.bucket.get(key))!.body)).toBe(0)
    const folder = path.dirname(at.inCache(registryKeys.backboneFile(at.backbone.hash, 'weights.bin')))
    expect((await openBackbone(folder)).manifest.hash).toBe(at.backbone.hash)
  })

  it('follows the channel, fetches a backbone once, and keeps the version before', async () => {
    at.start()
    for (const version of [1, 2, 3, 4]) {
      expect(await at.promote(String(version), version)).toBe(version)
      await at.offered(version)
    }
    await eventually(async () => expect(await at.versionsInCache()).toEqual(['3', '4']))
    expect(at.asked.filter((key) => key.startsWith('backbones/'))).toHaveLength(2)
    await at.point(3)
    await at.offered(3)
    expect(await at.versionsInCache()).toEqual(['3', '4'])
    expect(at.asked.filter((key) => key.startsWith('backbones/'))).toHaveLength(2)
  })

  it('looks at once when it is told to', async () => {
    at.start({ pollMs: 60_000 })
    await eventually(() => expect(at.asked).toHaveLength(1))
    await at.promote('1', 1)
    at.cache.poke()
    await at.offered(1)
  })
})

describe('a restart', () => {
  it('offers what is there, also out of reach of S3, and fetches nothing again', async () => {
    await at.promote('1', 1)
    at.start()
    await at.offered(1)
    await at.cache.close()
    at.link.cut()
    at.asked = []
    at.start()
    await at.offered(1)
    await eventually(() => expect(at.cache.problem()).toMatch(/cannot be reached|ECONNRESET|socket|reach/i))
    at.link.heal()
    at.cache.poke()
    await eventually(() => expect(at.cache.problem()).toBeNull())
    expect(new Set(at.asked)).toEqual(new Set([registryKeys.channel(at.model, 'stable')]))
  })

  it.each([
    ['head', () => registryKeys.file(at.model, 1, 'head.bin')],
    ['manifest', () => registryKeys.manifest(at.model, 1)],
    ['backbone', () => registryKeys.backboneFile(at.backbone.hash, 'weights.bin')],
    ['channel', () => registryKeys.channel(at.model, 'stable')],
  ])('fetches a %s again that the disk has damaged', async (_name, key) => {
    await at.promote('1', 1)
    at.start()
    await at.offered(1)
    await at.cache.close()
    const damaged = await readFile(at.inCache(key()))
    damaged[damaged.length >> 1]! ^= 1
    await writeFile(at.inCache(key()), damaged)
    at.start()
    await at.offered(1)
    expect(Buffer.compare(await readFile(at.inCache(key())), (await at.bucket.get(key()))!.body)).toBe(0)
  })

  it('in the middle of fetching leaves nothing that looks whole', async () => {
    await at.promote('1', 1)
    // As a process leaves it that was killed between two files.
    const folder = path.dirname(at.inCache(registryKeys.backboneFile(at.backbone.hash, 'weights.bin')))
    const draft = `${folder}.part`
    await rm(draft, { recursive: true, force: true })
    at.start()
    await vi.waitFor(() => stat(draft), { interval: 1 }).catch(() => {})
    await at.cache.close()
    if (at.cache.offered() === null)
      await expect(stat(at.inCache(registryKeys.channel(at.model, 'stable')))).rejects.toThrow()
    at.start()
    await at.offered(1)
    expect((await openBackbone(folder)).manifest.hash).toBe(at.backbone.hash)
  })
})

describe('what is wrong in the registry', () => {
  it.each([
    [
      'head does not match its hash',
      async () => at.bucket.put(registryKeys.file(at.model, 2, 'head.bin'), 'rubbish'),
    ],
    [
      'manifest does not match the channel',
      async () => at.bucket.put(registryKeys.manifest(at.model, 2), '{}'),
    ],
    ['head is missing', async () => at.bucket.delete(registryKeys.file(at.model, 2, 'head.bin'))],
    ['manifest is missing', async () => at.bucket.delete(registryKeys.manifest(at.model, 2))],
  ])('is told, and the old version stays: %s', async (_name, damage) => {
    await at.promote('1', 1)
    at.start()
    await at.offered(1)
    at.link.cut()
    await at.promote('2', 2)
    await damage()
    at.link.heal()
    at.cache.poke()
    await eventually(() =>
      expect(at.cache.problem()).toMatch(/^version 2 cannot be fetched: .+ \(models\/photos-\d+\/2\//)
    )
    expect([at.cache.wanted(), at.cache.offered()]).toEqual([2, 1])
    const channel = JSON.parse(await readFile(at.inCache(registryKeys.channel(at.model, 'stable')), 'utf8'))
    expect(channel.version).toBe(1)
    await at.promote('3', 3)
    at.cache.poke()
    await at.offered(3)
    expect(at.cache.problem()).toBeNull()
  })

  it('is told, and mended by itself: a backbone that is damaged', async () => {
    const key = registryKeys.backboneFile(at.backbone.hash, 'weights.bin')
    const whole = (await at.bucket.get(key))!.body
    const damaged = Buffer.from(whole)
    damaged[1000]! ^= 1
    await at.bucket.put(key, damaged)
    await at.promote('1', 1)
    at.start()
    await eventually(() => expect(at.cache.problem()).toMatch(/weights do not match/))
    expect(at.cache.offered()).toBeNull()
    await at.bucket.put(key, whole)
    at.cache.poke()
    await at.offered(1)
  })

  it('is told: a channel that is none', async () => {
    await at.bucket.put(registryKeys.channel(at.model, 'stable'), '{"version": "two"}')
    at.start()
    await eventually(() =>
      expect(at.cache.problem()).toBe(`the channel cannot be read (models/${at.model}/channels/stable.json)`)
    )
  })
})

describe('out of reach of S3', () => {
  it('it tries less and less often, and at once when it is told to', async () => {
    await at.promote('1', 1)
    at.link.cut()
    const started = performance.now()
    at.start()
    await sleep(400)
    await eventually(() => expect(at.asked.length).toBeGreaterThanOrEqual(2))
    // After 20, 40, 80, 160 ms and so on: a handful of attempts, where a steady poll would have made twenty.
    expect(at.asked.length).toBeLessThanOrEqual(2 + Math.log2((performance.now() - started) / 20))
    at.link.heal()
    at.cache.poke()
    await at.offered(1)
  })

  it('it closes at once', async () => {
    at.link.cut()
    at.start({ pollMs: 60_000 })
    await sleep(50)
    const started = performance.now()
    await at.cache.close()
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('another channel in place of the one that functions read', () => {
  it('is followed from the next look on, and kept through a restart; one that is none is told', async () => {
    let channel: string | undefined
    const stable = await at.promote('1', 1)
    const canary = (await at.registry.publish('2', head(2), at.about('2'))).version
    await at.registry.setChannel('canary', { version: canary, by: 'test', why: 'test' }, undefined)
    at.start({ channel: () => channel })
    await at.offered(stable)
    channel = 'canary'
    await at.offered(canary)
    const kept = await readFile(at.inCache(registryKeys.channel(at.model, 'stable')), 'utf8')
    expect(JSON.parse(kept)).toMatchObject({ version: canary })
    channel = 'nightly'
    await eventually(() => expect(at.cache.problem()).toContain('there is no channel nightly'))
    expect(at.cache.offered()).toBe(canary)
    await at.cache.close()
    at.link.cut()
    at.start({ channel: () => channel })
    await at.offered(canary)
    at.link.heal()
    channel = undefined
    await at.offered(stable)
    await eventually(() => expect(at.cache.problem()).toBeNull())
  })
})
