import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { openBackbone } from '../../lib/backbone/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import {
  BACKBONE_FILES,
  type Manifest,
  parseManifest,
  registryKeys,
  sha256,
} from '../../lib/registry/index.ts'

/** A version, and what its manifest must hash to. */
export interface Version {
  version: number
  /** SHA-256 of the manifest's bytes. */
  manifest: string
}

/** Reads an object of the bucket; undefined where there is none. */
export type ReadObject = (key: string) => Promise<Uint8Array | undefined>

/** Versions of models as files of the node's cache, with their backbones. */
export interface CachedVersions {
  /** Fetches what is not there yet: a version is whole and verified once its manifest is there. */
  fetch(model: string, version: Version): Promise<void>
  /**
   * Looks whether an earlier process left all of it, and all of it as it was. A backbone that is damaged is removed.
   *
   * @throws whatever is wrong with it
   */
  verify(model: string, version: Version): Promise<void>
  /** Removes every other version of a model. */
  keepOnly(model: string, versions: ReadonlySet<number>): Promise<void>
  /** Readers see the old file or the new one, never half of it. */
  write(key: string, bytes: Uint8Array | string): Promise<void>
  /** @throws Error as `readFile` does */
  read(key: string): Promise<Uint8Array>
}

/** @param directory has the registry's layout; nobody else writes there */
export function cachedVersions(directory: string, readObject: ReadObject): CachedVersions {
  const inCache = (key: string) => path.join(directory, key)
  const backboneDirectory = (hash: string) =>
    path.dirname(inCache(registryKeys.backboneFile(hash, BACKBONE_FILES[0])))

  async function fetchObject(key: string): Promise<Uint8Array> {
    const object = await readObject(key)
    if (object) return object
    throw new EdgeloopError('CORRUPT', 'the registry is incomplete', { where: key })
  }

  async function fetchVerified(key: string, hash: string): Promise<Uint8Array> {
    const bytes = await fetchObject(key)
    if (sha256(bytes) === hash) return bytes
    throw new EdgeloopError('CORRUPT', 'an object of the registry does not match its hash', { where: key })
  }

  /** A backbone's folder appears whole and verified, or not at all. */
  async function fetchBackbone({ backbone: { hash } }: Manifest): Promise<void> {
    const target = backboneDirectory(hash)
    if (await exists(target)) return
    const draft = `${target}.part`
    await rm(draft, { recursive: true, force: true })
    for (const file of BACKBONE_FILES) {
      const bytes = await fetchObject(registryKeys.backboneFile(hash, file))
      await writeWhole(path.join(draft, file), bytes)
    }
    await verifyBackbone(draft, hash)
    await rename(draft, target)
  }

  async function readVerified(key: string, hash: string): Promise<Uint8Array> {
    const bytes = await readFile(inCache(key))
    if (sha256(bytes) === hash) return bytes
    throw new EdgeloopError('CORRUPT', 'a file of the cache does not match its hash', { where: key })
  }

  async function checkBackbone({ backbone: { hash } }: Manifest): Promise<void> {
    const target = backboneDirectory(hash)
    try {
      await verifyBackbone(target, hash)
    } catch (error) {
      await rm(target, { recursive: true, force: true })
      throw error
    }
  }

  return {
    async fetch(model, { version, manifest: manifestHash }) {
      const manifestKey = registryKeys.manifest(model, version)
      const bytes = await fetchVerified(manifestKey, manifestHash)
      const manifest = parseManifest(bytes, manifestKey)
      await fetchBackbone(manifest)
      for (const [file, { sha256: hash }] of Object.entries(manifest.files)) {
        const key = registryKeys.file(model, version, file)
        await writeWhole(inCache(key), await fetchVerified(key, hash))
      }
      await writeWhole(inCache(manifestKey), bytes)
    },

    async verify(model, { version, manifest: manifestHash }) {
      const manifestKey = registryKeys.manifest(model, version)
      const bytes = await readVerified(manifestKey, manifestHash)
      const manifest = parseManifest(bytes, manifestKey)
      for (const [file, { sha256: hash }] of Object.entries(manifest.files))
        await readVerified(registryKeys.file(model, version, file), hash)
      await checkBackbone(manifest)
    },

    async keepOnly(model, kept) {
      const versions = inCache(registryKeys.versions(model))
      for (const name of await readdir(versions)) {
        if (!/^\d+$/.test(name) || kept.has(Number(name))) continue
        await rm(path.join(versions, name), { recursive: true, force: true })
      }
    },

    write: (key, bytes) => writeWhole(inCache(key), bytes),
    read: (key) => readFile(inCache(key)),
  }
}

async function verifyBackbone(directory: string, hash: string): Promise<void> {
  const { manifest } = await openBackbone(directory)
  if (manifest.hash === hash) return
  throw new EdgeloopError('CORRUPT', `this is backbone ${manifest.hash}, not ${hash}`, { where: directory })
}

async function exists(directory: string): Promise<boolean> {
  return stat(directory).then(
    () => true,
    () => false
  )
}

async function writeWhole(file: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(`${file}.part`, bytes, { flush: true })
  await rename(`${file}.part`, file)
}
