/** What is used of tfjs-node. Its own types are not there where it could not be installed. */
declare module '@tensorflow/tfjs-node' {
  import type { Tensor, Tensor4D, TensorContainer } from '@tensorflow/tfjs-core'

  interface SavedModel {
    predict(input: Tensor): unknown
    dispose(): void
  }
  export const node: {
    loadSavedModel(path: string, tags: string[], signature: string): Promise<SavedModel>
  }
  export function tensor4d(
    values: Int32Array,
    shape: [number, number, number, number],
    dtype: 'int32'
  ): Tensor4D
  export function dispose(tensors: TensorContainer): void
}
