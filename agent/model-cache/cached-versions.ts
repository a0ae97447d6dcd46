import { readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { parseManifest, registryKeys, sha256 } from '../../lib/registry/index.ts'
import { cachedBackbones } from './cached-backbones.ts'
import { writeForFunctions } from './cached-files.ts'
import type { Source } from './source.ts'

/** A version, and what its manifest must hash to. */
export interface Version {
  version: number
  /** SHA-256 of the manifest's bytes. */
  manifest: string
}

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
  /** The backbone of a version that is being fetched, once it is known. */
  backboneOf(model: string, version: number): string | undefined
  /**
   * Removes every other version, and the backbones that none of those which are left stands on.
   *
   * @param kept by model. Where a model has none, nothing is known of it, and all of it stays; models that are not among
   *   these go altogether.
   * @param fetched backbones that are needed besides, for versions that are being fetched
   */
  keepOnly(kept: ReadonlyMap<string, ReadonlySet<number>>, fetched: ReadonlySet<string>): Promise<void>
  /** Readers see the old file or the new one, never half of it. */
  write(key: string, bytes: Uint8Array | string): Promise<void>
  /** @throws Error as `readFile` does */
  read(key: string): Promise<Uint8Array>
}

/** @param directory has the registry's layout; nobody else writes there */
export function cachedVersions(directory: string, source: Source): CachedVersions {
  const inCache = (key: string) => path.join(directory, key)
  const backbones = cachedBackbones(directory, source)
  /** By the keys of their manifests. */
  const fetching = new Map<string, string>()

  async function fetchVerified(key: string, hash: string): Promise<Uint8Array> {
    const bytes = await source.read(key)
    if (!bytes) throw new EdgeloopError('CORRUPT', 'the registry is incomplete', { where: key })
    if (sha256(bytes) === hash) return bytes
    throw new EdgeloopError('CORRUPT', 'an object of the registry does not match its hash', { where: key })
  }

  async function readVerified(key: string, hash: string): Promise<Uint8Array> {
    const bytes = await readFile(inCache(key))
    if (sha256(bytes) === hash) return bytes
    throw new EdgeloopError('CORRUPT', 'a file of the cache does not match its hash', { where: key })
  }

  /** Removes other versions, and says which backbone each of those that are left stands on. */
  async function forgetVersions(model: string, kept: ReadonlySet<number>): Promise<string[]> {
    const hashes: string[] = []
    const names = await readdir(inCache(registryKeys.versions(model))).catch(() => [])
    for (const version of names.filter((name) => /^\d+$/.test(name)).map(Number)) {
      const manifestKey = registryKeys.manifest(model, version)
      if (kept.size > 0 && !kept.has(version))
        await rm(path.dirname(inCache(manifestKey)), { recursive: true, force: true })
      // Without a manifest it is not there yet.
      const bytes = await readFile(inCache(manifestKey)).catch(() => undefined)
      if (bytes) hashes.push(parseManifest(bytes, manifestKey).backbone.hash)
    }
    return hashes
  }

  return {
    async fetch(model, { version, manifest: manifestHash }) {
      const manifestKey = registryKeys.manifest(model, version)
      const bytes = await fetchVerified(manifestKey, manifestHash)
      const manifest = parseManifest(bytes, manifestKey)
      fetching.set(manifestKey, manifest.backbone.hash)
      await backbones.fetch(manifest.backbone.hash)
      for (const [file, { sha256: hash }] of Object.entries(manifest.files)) {
        const key = registryKeys.file(model, version, file)
        await writeForFunctions(inCache(key), await fetchVerified(key, hash))
      }
      await writeForFunctions(inCache(manifestKey), bytes)
      fetching.delete(manifestKey)
    },

    async verify(model, { version, manifest: manifestHash }) {
      const manifestKey = registryKeys.manifest(model, version)
      const bytes = await readVerified(manifestKey, manifestHash)
      const manifest = parseManifest(bytes, manifestKey)
      for (const [file, { sha256: hash }] of Object.entries(manifest.files))
        await readVerified(registryKeys.file(model, version, file), hash)
      await backbones.verify(manifest.backbone.hash)
    },

    backboneOf: (model, version) => fetching.get(registryKeys.manifest(model, version)),

    async keepOnly(kept, fetched) {
      const models = path.dirname(inCache(registryKeys.versions('any')))
      for (const model of await readdir(models).catch(() => []))
        if (!kept.has(model)) await rm(path.join(models, model), { recursive: true, force: true })
      const needed = new Set(fetched)
      for (const [model, versions] of kept)
        for (const hash of await forgetVersions(model, versions)) needed.add(hash)
      await backbones.keepOnly(needed)
    },

    write: (key, bytes) => writeForFunctions(inCache(key), bytes),
    read: (key) => readFile(inCache(key)),
  }
}
