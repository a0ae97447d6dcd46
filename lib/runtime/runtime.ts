/**
 * One interface to whatever computes features.
 * @module
 */
import type { BackboneManifest } from '../backbone/index.ts'

export type RuntimeName = 'tfjs-node' | 'wasm'

/** `auto`: tfjs-node where it is installed and starts, wasm elsewhere. */
export const runtimeChoices = ['auto', 'tfjs-node', 'wasm'] as const
export type RuntimeChoice = (typeof runtimeChoices)[number]

export interface Runtime {
  readonly name: RuntimeName
  readonly backbone: BackboneManifest
  /**
   * Features of photos, in their order; many at once are computed in batches. The photos' arrays stay as they are.
   * @param photos each RGB, inputSize * inputSize * 3 values, as `decodePhoto` gives them
   * @returns each featureSize numbers, in a buffer of its own
   * @throws INVALID_INPUT for a photo of another size, UNAVAILABLE after `close()` or when the worker ended
   *   unexpectedly (the next call starts a new one)
   */
  features(photos: Uint8Array[]): Promise<Float32Array<ArrayBuffer>[]>
  /** Lets calls that began finish, then stops the worker. Further calls of `close` wait for the same. */
  close(): Promise<void>
}
