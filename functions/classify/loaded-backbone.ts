import { readBackboneManifest } from '../../lib/backbone/index.ts'
import { createBatcher } from '../../lib/batching/index.ts'
import { createRuntime, type Runtime } from '../../lib/runtime/index.ts'
import type { Metrics } from './metrics.ts'
import type { Settings } from './settings.ts'

/** A backbone in memory. It goes when nobody holds it any more: requests that began on it finish on it. */
export interface LoadedBackbone {
  runtime: Runtime
  /**
   * A photo's features, computed together with those of others that wait.
   * @param pixels RGB, inputSize * inputSize * 3 values
   * @throws EdgeloopError OVERLOADED when too many wait, UNAVAILABLE when `signal` is aborted before it begins
   */
  features(pixels: Uint8Array, signal?: AbortSignal): Promise<Float32Array>
  /** How many photos wait for it. */
  queued(): number
  /** Its features of a photo of nothing: each new head is tried on them, without waiting behind requests. */
  probe: Float32Array
  /** Keeps it until the returned function is called, which may be done once. Whoever loaded it holds it already. */
  hold(): () => void
  /** Lets go of what loading holds. */
  release(): void
  /** Whether somebody holds it. */
  held(): boolean
  /** Resolves when it has gone. */
  gone: Promise<void>
}

/** Batches of these sizes are computed, where nobody has chosen others. */
const BATCH_SIZES = [1, 2, 4]

/**
 * Of all photos of a batch together: four of 224 x 224. More of them share no work any more, and what they have between two
 * layers does not stay near the processor; measured with both backbones on both runtimes (docs/models.md).
 */
const MAX_BATCH_PIXELS = 4 * 224 ** 2

/** Throws as `createRuntime` does. */
export async function loadBackbone(
  directory: string,
  settings: Settings,
  metrics: Metrics
): Promise<LoadedBackbone> {
  const { inputSize, name } = await readBackboneManifest(directory)
  const sizes =
    settings.BATCH_SIZES ??
    BATCH_SIZES.filter((size) => size === 1 || size * inputSize ** 2 <= MAX_BATCH_PIXELS)
  const runtime = await createRuntime({
    backboneDir: directory,
    runtime: settings.RUNTIME,
    largestBatch: sizes.at(-1)!,
  })
  const nothing = new Uint8Array(inputSize * inputSize * 3)
  const batcher = createBatcher<Uint8Array, Float32Array>({
    run: (photos) => runtime.features(photos),
    sizes,
    padding: nothing,
    maxDelayMs: settings.BATCH_DELAY_MS,
    maxQueued: settings.MAX_QUEUED,
    onBatch: (report) => metrics.computed(name, runtime.name, report),
  })
  const probe = await warmUp(runtime, sizes, nothing).catch(async (error: unknown) => {
    await runtime.close()
    throw error
  })
  let holders = 0
  let resolve!: (gone: Promise<void>) => void
  const gone = new Promise<void>((settle) => {
    resolve = settle
  })
  const hold = () => {
    holders++
    return () => {
      if (--holders === 0) resolve(runtime.close())
    }
  }
  return {
    runtime,
    features: batcher.submit,
    queued: () => batcher.queued,
    probe,
    hold,
    release: hold(),
    held: () => holders > 0,
    gone,
  }
}

/** Computes a batch of each size: the first one takes longer, and takes memory that is kept. Gives one photo's features. */
async function warmUp(runtime: Runtime, sizes: readonly number[], photo: Uint8Array): Promise<Float32Array> {
  let features: Float32Array[] = []
  for (const size of sizes) features = await runtime.features(Array(size).fill(photo))
  return features[0]!
}
