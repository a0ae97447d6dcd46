/**
 * Puts a runtime together.
 * @module
 */
import { readBackboneManifest } from '../backbone/index.ts'
import { EdgeloopError } from '../errors/index.ts'
import type { Runtime } from './runtime.ts'
import { spawnWorker } from './spawn.ts'
import { createWorkerClient } from './worker-client.ts'

/** Larger batches are not faster in wasm, and hold 5 MB of intermediate results a photo. */
const BATCH = 4

export interface RuntimeOptions {
  /** A folder as `openBackbone` reads it. */
  backboneDir: string
  /** 'wasm', which runs everywhere, is the only one yet. */
  runtime?: 'wasm'
}

/**
 * Verifies and loads a backbone in a worker thread, and runs it once; takes about half a second.
 * @throws NOT_FOUND or CORRUPT when the folder does not hold a backbone
 */
export async function createRuntime({ backboneDir, runtime = 'wasm' }: RuntimeOptions): Promise<Runtime> {
  const backbone = await readBackboneManifest(backboneDir)
  const worker = createWorkerClient(() => spawnWorker({ backboneDir, backboneHash: backbone.hash }))
  await worker.start()

  const { inputSize, featureSize } = backbone
  const photoSize = inputSize * inputSize * 3

  async function runBatch(photos: Uint8Array[]): Promise<Float32Array<ArrayBuffer>[]> {
    const pixels = new Uint8Array(photos.length * photoSize)
    for (const [i, photo] of photos.entries()) pixels.set(photo, i * photoSize)
    const features = await worker.call(pixels, photos.length)
    return photos.map((_, i) => features.slice(i * featureSize, (i + 1) * featureSize))
  }

  return {
    name: runtime,
    backbone,
    async features(photos) {
      const wrong = photos.findIndex((photo) => photo.length !== photoSize)
      if (wrong >= 0) {
        throw new EdgeloopError('INVALID_INPUT', `photo ${wrong} has ${photos[wrong]!.length} values`, {
          hint: `This backbone wants ${inputSize} x ${inputSize} RGB, ${photoSize} values.`,
        })
      }
      const batches: Promise<Float32Array<ArrayBuffer>[]>[] = []
      for (let i = 0; i < photos.length; i += BATCH) batches.push(runBatch(photos.slice(i, i + BATCH)))
      return (await Promise.all(batches)).flat()
    },
    close: () => worker.close(),
  }
}
