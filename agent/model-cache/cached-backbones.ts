import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { verifyBackbone } from '../../lib/backbone/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { BACKBONE_FILES, registryKeys } from '../../lib/registry/index.ts'
import { makeFolder, makeReadable } from './cached-files.ts'
import type { Source } from './source.ts'

/** Backbones as folders of the node's cache. */
export interface CachedBackbones {
  /** Fetches one unless it is there: whole and verified, or not at all. */
  fetch(hash: string): Promise<void>
  /**
   * Looks whether one is as it was. One that is damaged is removed.
   *
   * @throws whatever is wrong with it
   */
  verify(hash: string): Promise<void>
  /** Removes all others, and what has been fetched of them. */
  keepOnly(hashes: ReadonlySet<string>): Promise<void>
}

/** @param directory has the registry's layout */
export function cachedBackbones(directory: string, source: Source): CachedBackbones {
  const folderOf = (hash: string) =>
    path.dirname(path.join(directory, registryKeys.backboneFile(hash, BACKBONE_FILES[0])))

  return {
    async fetch(hash) {
      const folder = folderOf(hash)
      await makeFolder(path.dirname(folder))
      await source.fetchBackbone(hash, folder)
      // Also of one that was there: a kill may have come between the two.
      await makeReadable(folder)
    },

    async verify(hash) {
      const folder = folderOf(hash)
      try {
        const found = await verifyBackbone(folder)
        if (found.hash !== hash)
          throw new EdgeloopError('CORRUPT', `this is backbone ${found.hash}, not ${hash}`, { where: folder })
      } catch (error) {
        await rm(folder, { recursive: true, force: true })
        throw error
      }
      await makeReadable(folder)
    },

    async keepOnly(hashes) {
      const backbones = path.dirname(folderOf('any'))
      for (const name of await readdir(backbones).catch(() => []))
        if (!hashes.has(name.replace(/\.part$/, '')))
          await rm(path.join(backbones, name), { recursive: true, force: true })
    },
  }
}
