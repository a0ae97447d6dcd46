import { defaultBackboneDir } from '../../lib/backbone/index.ts'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { predictScores, rankScores } from '../../lib/head/index.ts'
import { decodePhoto, photoHash } from '../../lib/photo/index.ts'
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

/**
 * Computes the test photos' features once, so that each version costs one matrix product a photo.
 *
 * @param onSkip called with each photo that cannot be decoded, and is left out
 * @throws EdgeloopError UNPROCESSABLE when none can be
 */
export async function createTestSet(
  { store, model }: Platform,
  photos: readonly LabelledPhoto[],
  signal: AbortSignal,
  onSkip: (name: string, why: string) => void
): Promise<TestSet> {
  const runtime = await createRuntime({ backboneDir: defaultBackboneDir })
  const measured: { label: string; features: Float32Array }[] = []
  try {
    const size = runtime.backbone.inputSize
    for (let at = 0; at < photos.length; at += BATCH) {
      signal.throwIfAborted()
      const batch = photos.slice(at, at + BATCH)
      const decoded = (await Promise.all(batch.map((photo) => decode(photo, size)))).flat()
      const features = await runtime.features(decoded.map(({ pixels }) => pixels))
      measured.push(...decoded.map(({ label }, i) => ({ label, features: features[i]! })))
    }
  } finally {
    await runtime.close()
  }

  if (measured.length === 0)
    throw new EdgeloopError('UNPROCESSABLE', 'none of the test photos can be decoded', {
      hint: 'open some of them with another program',
    })

  /** One that was cut off on its way to the folder begins like any other. */
  async function decode({ label, name, read }: LabelledPhoto, size: number) {
    const bytes = await read()
    try {
      return [{ label, ...(await decodePhoto(bytes, { size })) }]
    } catch (thrown) {
      const error = asEdgeloopError(thrown)
      if (error.status >= 500) throw error
      onSkip(name ?? photoHash(bytes), error.message)
      return []
    }
  }

  return {
    async accuracy(version) {
      const { head, manifest } = await modelRegistry(store, model).head(version)
      if (manifest.backbone.hash !== runtime.backbone.hash)
        throw new EdgeloopError('INTERNAL', `version ${version} stands on another backbone than the test set`)
      const right = measured.filter(({ label, features }) => {
        const [top] = rankScores(head.labels, predictScores(head, features))
        return top!.label === label
      })
      return right.length / measured.length
    },
  }
}
