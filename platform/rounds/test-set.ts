import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { predictScores, rankScores } from '../../lib/head/index.ts'
import { photoHash } from '../../lib/photo/index.ts'
import { decodePhoto } from '../../lib/photo-decoder/index.ts'
import { modelRegistry } from '../../lib/registry/index.ts'
import { createRuntime } from '../../lib/runtime/index.ts'
import type { Platform } from '../platform.ts'
import type { LabelledPhoto } from './supply.ts'

/** Photos a call of the runtime. */
const BATCH = 4

/** The photos that nothing of the loop ever sees. */
export interface TestSet {
  /**
   * Share of the test photos that a model version has right, 0 to 1.
   * @throws EdgeloopError UNPROCESSABLE when none of them can be decoded
   */
  accuracy(version: number): Promise<number>
}

interface Measured {
  label: string
  features: Float32Array
}

/**
 * Computes the test photos' features once a backbone, so that each version costs one matrix product a photo.
 *
 * @param onSkip called with each photo that cannot be decoded, and is left out
 */
export function createTestSet(
  { store, model, backbones }: Pick<Platform, 'store' | 'model' | 'backbones'>,
  photos: readonly LabelledPhoto[],
  signal: AbortSignal,
  onSkip: (name: string, why: string) => void
): TestSet {
  const byBackbone = new Map<string, Promise<Measured[]>>()
  const skipped = new Set<LabelledPhoto>()

  function measure(hash: string): Promise<Measured[]> {
    const measuring = byBackbone.get(hash) ?? compute(hash)
    byBackbone.set(hash, measuring)
    return measuring
  }

  async function compute(hash: string): Promise<Measured[]> {
    const runtime = await createRuntime({ backboneDir: await backbones.folderOf(hash) })
    const measured: Measured[] = []
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
    if (measured.length > 0) return measured
    throw new EdgeloopError('UNPROCESSABLE', 'none of the test photos can be decoded', {
      hint: 'open some of them with another program',
    })
  }

  /** One that was cut off on its way to the folder begins like any other. */
  async function decode(photo: LabelledPhoto, size: number) {
    const bytes = await photo.read()
    try {
      return [{ label: photo.label, ...(await decodePhoto(bytes, { size })) }]
    } catch (thrown) {
      const error = asEdgeloopError(thrown)
      if (error.status >= 500) throw error
      // Whatever the backbone, it is the same photo.
      if (!skipped.has(photo)) onSkip(photo.name ?? photoHash(bytes), error.message)
      skipped.add(photo)
      return []
    }
  }

  return {
    async accuracy(version) {
      const { head, manifest } = await modelRegistry(store, model).head(version)
      const measured = await measure(manifest.backbone.hash)
      const right = measured.filter(({ label, features }) => {
        const [top] = rankScores(head.labels, predictScores(head, features))
        return top!.label === label
      })
      return right.length / measured.length
    },
  }
}
