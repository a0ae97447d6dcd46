import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openBackbone } from '../../lib/backbone/index.ts'
import { modelRegistry, publishBackbone, registryKeys } from '../../lib/registry/index.ts'
import { type Line, openLine, renamedBackbone } from '../../test/support/index.ts'
import { cacheSite, eventually, head } from './model-cache.fixture.ts'

vi.setConfig({ testTimeout: 60_000 })

const CHILD = fileURLToPath(new URL('model-cache-child.ts', import.meta.url))

const at = cacheSite()

const folderOf = ({ hash } = at.backbone) => path.dirname(at.inCache(registryKeys.backboneFile(hash, 'any')))
const draftOf = (backbone = at.backbone) => path.join(`${folderOf(backbone)}.part`, 'weights.bin')
const sizeOf = async (file: string) => (await stat(file).catch(() => ({ size: 0 }))).size
const weightsKey = () => registryKeys.backboneFile(at.backbone.hash, 'weights.bin')
const weightsSize = async () => (await at.bucket.head(weightsKey()))!.size
const backbonesInCache = async () => (await readdir(at.inCache('backbones'))).sort()

/** A way to S3 that counts what it carries. */
async function line(): Promise<Line> {
  const opened = await openLine(at.s3.url)
  onTestFinished(() => opened.close())
  return opened
}

/** Another backbone in the registry; versions that are published from now on stand on it. */
async function useAnother(name: string): Promise<{ name: string; hash: string }> {
  const folder = path.join(at.directory, '..', `${at.model}-${name}`)
  const hash = await renamedBackbone(folder, name)
  await publishBackbone(at.bucket, folder, hash)
  const before = at.backbone
  onTestFinished(() => {
    at.backbone = before
  })
  at.backbone = { name, hash }
  return at.backbone
}

describe('a download', () => {
  it('goes on where it was when its line was cut', async () => {
    await at.promote('1', 1)
    const over = await line()
    const size = await weightsSize()
    over.endAfter(0.6 * size, 'cut')
    at.start({ endpoint: over.url })
    await eventually(() => expect(at.cache.problem()).toMatch(/^version 1 cannot be fetched/))
    const there = await sizeOf(draftOf())
    expect(there).toBeGreaterThan(0.4 * size)
    const before = over.carried.down
    over.mend()
    at.cache.poke()
    await at.offered(1)
    // Description, manifest and head are small.
    expect(over.carried.down - before).toBeLessThan(size - there + 400_000)
    expect((await openBackbone(folderOf())).manifest.hash).toBe(at.backbone.hash)
    expect((await readdir(folderOf())).sort()).toEqual(['backbone.json', 'weights.bin'])
    expect(await backbonesInCache()).toEqual([at.backbone.hash])
  })

  it('comes through a line that breaks again and again', async () => {
    await at.promote('1', 1)
    const over = await line()
    const size = await weightsSize()
    at.start({ endpoint: over.url })
    for (let cuts = 0; at.cache.offered() === null; cuts++) {
      expect(cuts).toBeLessThan(12)
      over.mend()
      over.endAfter(size / 4, 'cut')
      at.cache.poke()
      const until = over.carried.down + size / 4
      await eventually(() =>
        expect(over.carried.down >= until - 1000 || at.cache.offered() !== null).toBe(true)
      )
    }
    expect(over.carried.down).toBeLessThan(1.6 * size)
  })

  it('goes on where it was when its process was killed', async () => {
    await at.promote('1', 1)
    const over = await line()
    const size = await weightsSize()
    over.endAfter(0.6 * size, 'stall')
    const child = spawn(process.execPath, ['--import', 'tsx', CHILD, over.url, at.directory, at.model], {
      stdio: 'inherit',
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    await eventually(async () => expect(await sizeOf(draftOf())).toBeGreaterThan(0.4 * size))
    child.kill('SIGKILL')
    await once(child, 'exit')
    const there = await sizeOf(draftOf())
    const before = over.carried.down
    over.mend()
    at.start({ endpoint: over.url })
    await at.offered(1)
    expect(over.carried.down - before).toBeLessThan(size - there + 400_000)
    expect((await openBackbone(folderOf())).manifest.hash).toBe(at.backbone.hash)
  })

  it('never puts parts of two objects together', async () => {
    await at.promote('1', 1)
    const whole = (await at.bucket.get(weightsKey()))!.body
    const other = Buffer.from(whole)
    other[0]! ^= 1
    await at.bucket.put(weightsKey(), other)
    onTestFinished(async () => void (await at.bucket.put(weightsKey(), whole)))
    const over = await line()
    over.endAfter(0.6 * whole.length, 'cut')
    at.start({ endpoint: over.url })
    await eventually(async () => {
      expect(await sizeOf(draftOf())).toBeGreaterThan(0.4 * whole.length)
      expect(at.cache.problem()).not.toBeNull()
    })
    await at.bucket.put(weightsKey(), whole)
    const before = over.carried.down
    over.mend()
    at.cache.poke()
    await at.offered(1)
    expect(over.carried.down - before).toBeGreaterThan(whole.length)
    expect((await openBackbone(folderOf())).manifest.hash).toBe(at.backbone.hash)
  })

  it('begins anew where what is there is not what was sent', async () => {
    await at.promote('1', 1)
    const over = await line()
    const size = await weightsSize()
    over.endAfter(0.6 * size, 'cut')
    at.start({ endpoint: over.url })
    await eventually(() => expect(at.cache.problem()).not.toBeNull())
    await at.cache.close()
    // As a loss of power may leave it.
    const there = await readFile(draftOf())
    await writeFile(draftOf(), Buffer.concat([Buffer.alloc(1000), there.subarray(1000)]))
    over.mend()
    at.start({ endpoint: over.url })
    await at.offered(1)
    await at.cache.close()
    expect((await openBackbone(folderOf())).manifest.hash).toBe(at.backbone.hash)
  })
})

describe('backbones', () => {
  it('go once no version stands on them that is kept', async () => {
    const first = at.backbone
    at.start()
    await at.promote('1', 1)
    await at.offered(1)
    const second = await useAnother('second')
    await at.promote('2', 2)
    await at.offered(2)
    // The version before stands on it.
    expect(await backbonesInCache()).toEqual([first.hash, second.hash].sort())
    await at.promote('3', 3)
    await at.offered(3)
    await eventually(async () => expect(await backbonesInCache()).toEqual([second.hash]))
    expect(await at.versionsInCache()).toEqual(['2', '3'])
  })

  it('stay as long as a version of any model or channel stands on them', async () => {
    const other = `${at.model}-other`
    const first = at.backbone
    await at.promote('1', 1)
    const { version } = await at.registry.publish('2', head(2), at.about('2'))
    await at.registry.setChannel('canary', { version, by: 'test', why: 'test' }, undefined)
    at.start({ models: `${at.model}@stable+canary ${other}` })
    await at.offered(1)
    const second = await useAnother('shared')
    for (const run of ['3', '4', '5']) await at.offered(await at.promote(run, Number(run)))
    await eventually(async () => expect(await at.versionsInCache()).toEqual(['2', '4', '5']))
    expect(await backbonesInCache()).toEqual([first.hash, second.hash].sort())
  })

  it('stay half fetched while the registry is out of reach, also after a restart', async () => {
    await at.promote('1', 1)
    at.start()
    await at.offered(1)
    await at.cache.close()
    const second = await useAnother('half')
    await at.promote('2', 2)
    const over = await line()
    const size = await weightsSize()
    over.endAfter(0.6 * size, 'cut')
    at.start({ endpoint: over.url })
    await eventually(() => expect(at.cache.problem()).toMatch(/^version 2 cannot be fetched/))
    await at.cache.close()
    const there = await sizeOf(draftOf(second))
    expect(there).toBeGreaterThan(0.4 * size)
    at.start({ endpoint: over.url })
    await eventually(() => expect(at.cache.problem()).not.toBeNull())
    expect(await sizeOf(draftOf(second))).toBe(there)
    // What nobody wants any more goes, too.
    await at.point(1)
    over.mend()
    at.cache.poke()
    await eventually(async () => expect(await backbonesInCache()).not.toContain(`${second.hash}.part`))
    expect(at.cache.problem()).toBeNull()
  })

  it('and versions of a model that nobody follows any more go', async () => {
    await at.promote('1', 1)
    at.start()
    await at.offered(1)
    await at.cache.close()
    const { hash } = await useAnother('next')
    at.model = `${at.model}-next`
    at.registry = modelRegistry(at.bucket, at.model)
    await at.promote('1', 1)
    at.start()
    await at.offered(1)
    await eventually(async () => expect(await readdir(at.inCache('models'))).toEqual([at.model]))
    await eventually(async () => expect(await backbonesInCache()).toEqual([hash]))
  })
})

describe('the cache', () => {
  it.skipIf(process.platform === 'win32')(
    'can be read by other users, and written by its owner alone, whatever the umask is',
    async () => {
      const before = process.umask(0o077)
      onTestFinished(() => void process.umask(before))
      await at.promote('1', 1)
      at.start()
      await at.offered(1)
      const names = await readdir(at.directory, { recursive: true })
      expect(names.length).toBeGreaterThan(6)
      for (const name of ['', ...names]) {
        const entry = await stat(path.join(at.directory, name))
        const mode = (entry.mode & 0o777).toString(8)
        expect([name, mode]).toEqual([name, entry.isDirectory() ? '755' : '644'])
      }
    }
  )

  // A device that refuses all that is written stands in for the disk.
  it.runIf(process.platform === 'linux')('tells that the disk is full, and heals', async () => {
    await at.promote('1', 1)
    const draft = `${at.inCache(registryKeys.file(at.model, 1, 'head.bin'))}.part`
    await mkdir(path.dirname(draft), { recursive: true })
    await symlink('/dev/full', draft)
    at.start()
    await eventually(() =>
      expect(at.cache.problem()).toBe(
        `version 1 cannot be fetched: ENOSPC: no space left on device, write (${at.directory})`
      )
    )
    expect(at.cache.offered()).toBeNull()
    await rm(draft)
    at.cache.poke()
    await at.offered(1)
    expect(at.cache.problem()).toBeNull()
  })
})
