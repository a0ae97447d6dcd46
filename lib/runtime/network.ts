/**
 * A backbone that is ready to run, on whichever runtime: what the worker thread holds.
 * @module
 */
export interface Network {
  /**
   * Features of a batch.
   * @param pixels RGB, photo after photo, batch * inputSize * inputSize * 3 values
   * @returns batch * featureSize numbers, photo after photo
   */
  features(pixels: Uint8Array, batch: number): Float32Array<ArrayBuffer>
  dispose(): void
}
