import { defaultBackboneDir } from '../../lib/backbone/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { predictScores, rankScores } from '../../lib/head/index.ts'
import { decodePhoto } from '../../lib/photo/index.ts'
import { modelRegistry } from '../../lib/registry/index.ts'
import { createRuntime } from '../../lib/runtime/index.ts'
import type { Platform } from '../platform.ts'
import type { LabelledPhoto } from './supply.ts'

/** Photos a call of the runtime. */
const BATCH = 4

/** The photos that nothing of the loop ever sees. */
export interface TestSet {
  /** Share of the test photos that a model version has right, 0 to 1. */
  accuracy(version: number): Promise<number>
}

/** Computes the test photos' features once, so that each version costs one matrix product a photo. */
export async function createTestSet(
  { store, model }: Platform,
  photos: readonly LabelledPhoto[],
  signal: AbortSignal
): Promise<TestSet> {
  const runtime = await createRuntime({ backboneDir: defaultBackboneDir })
  const features: Float32Array[] = []
  try {
    const size = runtime.backbone.inputSize
    for (let at = 0; at < photos.length; at += BATCH) {
      signal.throwIfAborted()
      const batch = photos.slice(at, at + BATCH)
      const decoded = await Promise.all(batch.map(async ({ read }) => decodePhoto(await read(), { size })))
      features.push(...(await runtime.features(decoded.map(({ pixels }) => pixels))))
    }
  } finally {
    await runtime.close()
  }

  return {
    async accuracy(version) {
      const { head, manifest } = await modelRegistry(store, model).head(version)
      if (manifest.backbone.hash !== runtime.backbone.hash)
        throw new EdgeloopError('INTERNAL', `version ${version} stands on another backbone than the test set`)
      const right = photos.filter(({ label }, i) => {
        const [top] = rankScores(head.labels, predictScores(head, features[i]!))
        return top!.label === label
      })
      return right.length / photos.length
    },
  }
}
