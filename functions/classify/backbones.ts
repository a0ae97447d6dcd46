import path from 'node:path'
import pLimit from 'p-limit'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { registryKeys } from '../../lib/registry/index.ts'
import { type LoadedBackbone, loadBackbone } from './loaded-backbone.ts'
import type { Metrics } from './metrics.ts'
import type { Settings } from './settings.ts'

/** The backbones in memory, each of them once, however many versions of however many models stand on it. */
export interface Backbones {
  /** @throws EdgeloopError CORRUPT when the cache holds another one in its place; what `createRuntime` throws */
  acquire(hash: string): Promise<{ backbone: LoadedBackbone; release: () => void }>
  /** Resolves when all have gone that somebody has let go of. */
  settled(): Promise<void>
}

export function createBackbones(settings: Settings, metrics: Metrics): Backbones {
  const loaded = new Map<string, LoadedBackbone>()
  const going = new Set<Promise<void>>()
  // One after the other: two models that ask for the same one get the same one, and loading takes a lot of memory.
  const oneAtATime = pLimit(1)

  async function load(hash: string): Promise<LoadedBackbone> {
    const directory = path.join(
      settings.MODEL_CACHE,
      path.dirname(registryKeys.backboneFile(hash, 'backbone.json'))
    )
    const backbone = await loadBackbone(directory, settings, metrics)
    going.add(backbone.gone)
    const forget = () => {
      going.delete(backbone.gone)
      if (loaded.get(hash) === backbone) loaded.delete(hash)
    }
    backbone.gone.then(forget, forget)
    if (backbone.runtime.backbone.hash === hash) return backbone
    backbone.release()
    throw new EdgeloopError('CORRUPT', `the backbone in the folder of ${hash} is another one`, {
      where: directory,
    })
  }

  return {
    acquire: (hash) =>
      oneAtATime(async () => {
        const known = loaded.get(hash)
        if (known?.held()) return { backbone: known, release: known.hold() }
        const backbone = await load(hash)
        loaded.set(hash, backbone)
        return { backbone, release: backbone.release }
      }),
    async settled() {
      await Promise.allSettled(going)
    },
  }
}
