import { createRuntime, type Runtime } from '../../lib/runtime/index.ts'

/** A backbone in memory. It goes when nobody holds it any more: requests that began on it finish on it. */
export interface LoadedBackbone {
  runtime: Runtime
  /** Its features of a photo of nothing: each new head is tried on them, without waiting behind requests. */
  probe: Float32Array
  /** Keeps it until the returned function is called, which may be done once. Whoever loaded it holds it already. */
  hold(): () => void
  /** Lets go of what loading holds. */
  release(): void
  /** Resolves when it has gone. */
  gone: Promise<void>
}

/** @throws EdgeloopError NOT_FOUND or CORRUPT when the folder does not hold a backbone */
export async function loadBackbone(directory: string): Promise<LoadedBackbone> {
  const runtime = await createRuntime({ backboneDir: directory })
  const { inputSize } = runtime.backbone
  const nothing = new Uint8Array(inputSize * inputSize * 3)
  const [probe] = await runtime.features([nothing]).catch(async (error: unknown) => {
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
  return { runtime, probe: probe!, hold, release: hold(), gone }
}
