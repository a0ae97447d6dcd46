import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { type BackboneManifest, defaultBackboneDir, readBackboneManifest } from '../../lib/backbone/index.ts'
import { fetchBackbone, modelRegistry } from '../../lib/registry/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'

/** The backbones that models of a state directory stand on. */
export interface StateBackbones {
  /** What training stands on, and its folder. */
  trained: { manifest: BackboneManifest; directory: string }
  /** The folder of a backbone that some version stands on. Throws as `fetchBackbone` does. */
  folderOf(hash: string): Promise<string>
}

/**
 * @param state the state directory; fetched backbones are kept in it, so that it depends on nothing that may be removed
 * @param chosen the folder of the backbone to train on; without one, that of the newest version, or the built-in one
 * @throws EdgeloopError NOT_FOUND or CORRUPT when the chosen folder holds no backbone
 */
export async function openBackbones(
  store: ObjectStore,
  model: string,
  state: string,
  chosen: string | undefined
): Promise<StateBackbones> {
  const known = new Map<string, string>()
  const learn = async (directory: string) => {
    const manifest = await readBackboneManifest(directory)
    known.set(manifest.hash, directory)
    return { manifest, directory }
  }
  const builtIn = await learn(defaultBackboneDir)

  async function folderOf(hash: string): Promise<string> {
    const found = known.get(hash)
    if (found !== undefined) return found
    const folder = path.join(state, 'backbones')
    await mkdir(folder, { recursive: true })
    await fetchBackbone(store, hash, path.join(folder, hash))
    return (await learn(path.join(folder, hash))).directory
  }

  async function lastTrained() {
    const registry = modelRegistry(store, model)
    const newest = (await registry.versions()).at(-1)
    if (newest === undefined) return builtIn
    const { manifest } = await registry.manifest(newest)
    return learn(await folderOf(manifest.backbone.hash))
  }

  return { trained: chosen === undefined ? await lastTrained() : await learn(chosen), folderOf }
}
