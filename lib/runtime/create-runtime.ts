/**
 * Puts a runtime together.
 * @module
 */
import { readBackboneManifest } from '../backbone/index.ts'
import { EdgeloopError } from '../errors/index.ts'
import type { Runtime, RuntimeChoice } from './runtime.ts'
import { spawnWorker } from './spawn.ts'
import { createWorkerClient } from './worker-client.ts'

/** Photos at a time. In wasm a batch is hardly faster than its photos one by one, and memory grows with it. */
const BATCH = { 'tfjs-node': 8, wasm: 4 }

interface RuntimeOptions {
  /** A folder as `openBackbone` reads it. */
  backboneDir: string
  runtime?: RuntimeChoice
  /** The most photos that are computed together; by default what suits the runtime. */
  largestBatch?: number
}

/**
 * Verifies and loads a backbone in a worker thread, and runs it once; takes about half a second.
 * @throws NOT_FOUND or CORRUPT when the folder does not hold a backbone, MISCONFIGURED when the runtime is not there
 */
export async function createRuntime({
  backboneDir,
  runtime = 'auto',
  largestBatch,
}: RuntimeOptions): Promise<Runtime> {
  const backbone = await readBackboneManifest(backboneDir)
  const worker = createWorkerClient(() => spawnWorker(runtime, { backboneDir, backboneHash: backbone.hash }))
  const name = await worker.start()
  const batch = largestBatch ?? BATCH[name]

  const { inputSize, featureSize } = backbone
  const photoSize = inputSize * inputSize * 3

  async function runBatch(photos: Uint8Array[]): Promise<Float32Array<ArrayBuffer>[]> {
    const pixels = new Uint8Array(photos.length * photoSize)
    for (const [i, photo] of photos.entries()) pixels.set(photo, i * photoSize)
    const features = await worker.call(pixels, photos.length)
    return photos.map((_, i) => features.slice(i * featureSize, (i + 1) * featureSize))
  }

  /** One batch after the other, so that a caller with one photo need not wait for another's thousand. */
  async function run(photos: Uint8Array[]): Promise<Float32Array<ArrayBuffer>[]> {
    const features: Float32Array<ArrayBuffer>[] = []
    for (let i = 0; i < photos.length; i += batch)
      features.push(...(await runBatch(photos.slice(i, i + batch))))
    return features
  }

  const running = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined

  return {
    name,
    backbone,
    async features(photos) {
      if (closing) throw new EdgeloopError('UNAVAILABLE', 'the runtime is closed', { where: backbone.name })
      const wrong = photos.findIndex((photo) => photo.length !== photoSize)
      if (wrong >= 0) {
        throw new EdgeloopError('INVALID_INPUT', `photo ${wrong} has ${photos[wrong]!.length} values`, {
          hint: `This backbone wants ${inputSize} x ${inputSize} RGB, ${photoSize} values.`,
        })
      }
      const work = run(photos)
      running.add(work)
      return work.finally(() => running.delete(work))
    },
    close() {
      closing ??= Promise.allSettled(running).then(() => worker.close())
      return closing
    },
  }
}
