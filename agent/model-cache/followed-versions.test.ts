import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { modelRegistry, registryKeys } from '../../lib/registry/index.ts'
import { cacheSite, eventually, head } from './model-cache.fixture.ts'

vi.setConfig({ testTimeout: 60_000 })

const at = cacheSite()

/** What `offered.json` tells functions. */
async function offeredNumbers(of = at.model): Promise<number[]> {
  const bytes = await readFile(at.inCache(registryKeys.offered(of)), 'utf8').catch(() => '{"versions":[]}')
  return JSON.parse(bytes).versions.map(({ version }: { version: number }) => version)
}

describe('several models and versions', () => {
  it('each have their own, and share a backbone', async () => {
    const other = `${at.model}-other`
    await at.promote('1', 1)
    at.registry = modelRegistry(at.bucket, other)
    await at.promote('1', 2)
    at.start({ models: `${at.model} ${other}` })
    await at.offered(1)
    await eventually(() => readFile(at.inCache(registryKeys.channel(other, 'stable'))))
    expect(at.cache.problem()).toBeNull()
    expect(at.asked.filter((key) => key.startsWith('backbones/'))).toHaveLength(2)
  })

  it('do not wait for a model that is broken', async () => {
    const broken = `${at.model}-broken`
    await at.bucket.put(registryKeys.channel(broken, 'stable'), 'rubbish')
    await at.promote('1', 1)
    at.start({ models: `${broken} ${at.model}` })
    await eventually(() => readFile(at.inCache(registryKeys.channel(at.model, 'stable'))))
    await eventually(() =>
      expect(at.cache.problem()).toBe(
        `${broken}@stable: the channel cannot be read (models/${broken}/channels/stable.json)`
      )
    )
    expect(at.cache.offered()).toBeNull()
  })

  it('follow several channels, and keep what either of them needs', async () => {
    at.start({ models: `${at.model}@stable+canary` })
    for (const version of [1, 2]) {
      await at.promote(String(version), version)
      await at.offered(version)
    }
    const { version } = await at.registry.publish('3', head(3), at.about())
    await at.registry.setChannel('canary', { version, by: 'test', why: 'test' }, undefined)
    const canary = async () =>
      JSON.parse(await readFile(at.inCache(registryKeys.channel(at.model, 'canary')), 'utf8')).version
    await eventually(async () => expect(await canary()).toBe(3))
    expect([at.cache.wanted(), at.cache.offered()]).toEqual([2, 2])
    expect(await at.versionsInCache()).toEqual(['1', '2', '3'])
  })

  it('are the newest ones, promoted or not', async () => {
    for (const version of [1, 2, 3]) await at.registry.publish(String(version), head(version), at.about())
    at.start({ models: `${at.model}@latest:2` })
    await eventually(async () => expect(await offeredNumbers()).toEqual([2, 3]))
    await eventually(() => expect([at.cache.wanted(), at.cache.offered()]).toEqual([3, 3]))
    await at.registry.publish('4', head(4), at.about())
    await eventually(async () => expect(await offeredNumbers()).toEqual([3, 4]))
    await eventually(async () => expect(await at.versionsInCache()).toEqual(['3', '4']))
  })

  it('are still there after a restart out of reach of S3, and when the registry has lost them', async () => {
    for (const version of [1, 2]) await at.registry.publish(String(version), head(version), at.about())
    at.start({ models: `${at.model}@latest:1` })
    await eventually(async () => expect(await offeredNumbers()).toEqual([2]))
    await at.cache.close()
    at.link.cut()
    at.start({ models: `${at.model}@latest:1` })
    await at.offered(2)
    for (const version of [1, 2]) await at.bucket.delete(registryKeys.manifest(at.model, version))
    at.link.heal()
    at.cache.poke()
    await eventually(() => expect(at.cache.problem()).toBeNull())
    expect([at.cache.offered(), await offeredNumbers()]).toEqual([2, [2]])
  })

  it('go on with those before where the newest is broken', async () => {
    for (const version of [1, 2]) await at.registry.publish(String(version), head(version), at.about())
    at.start({ models: `${at.model}@latest:1` })
    await at.offered(2)
    at.link.cut()
    await at.registry.publish('3', head(3), at.about())
    await at.bucket.put(registryKeys.file(at.model, 3, 'head.bin'), 'rubbish')
    at.link.heal()
    at.cache.poke()
    await eventually(() => expect(at.cache.problem()).toMatch(/^version 3 cannot be fetched: .*head.bin\)$/))
    expect([at.cache.wanted(), at.cache.offered(), await offeredNumbers()]).toEqual([3, 2, [2]])
  })

  it('are certain ones: those that are there are offered, those that are not are told', async () => {
    for (const version of [1, 2, 3]) await at.registry.publish(String(version), head(version), at.about())
    at.start({ models: `${at.model}@specific:1+3+4` })
    await eventually(async () => expect(await offeredNumbers()).toEqual([1, 3]))
    await eventually(() =>
      expect(at.cache.problem()).toBe(
        `version 4 cannot be fetched: version 4 is not in the registry (models/${at.model}/4/manifest.json)`
      )
    )
    await at.registry.publish('4', head(4), at.about())
    at.cache.poke()
    await eventually(async () => expect(await offeredNumbers()).toEqual([1, 3, 4]))
    // The file is there a moment before the cache has told what it did.
    await eventually(() => expect(at.cache.problem()).toBeNull())
    at.asked = []
    await sleep(100)
    expect(at.asked).toEqual([])
  })
})
