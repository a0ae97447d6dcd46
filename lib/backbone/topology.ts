/**
 * What networks look like, apart from their weights: a list of convolutions with biases, in blocks.
 * @module
 */

/** One convolution with its bias and, unless linear, ReLU6. Padding is TensorFlow's `SAME`. */
export interface Layer {
  /** Its tensors are `NAME/kernel` and `NAME/bias`. */
  name: string
  /** `conv`: kernel [k, k, inputs, outputs]. `depthwise`: kernel [k, k, inputs, 1]. */
  kind: 'conv' | 'depthwise'
  kernel: number
  stride: number
  inputs: number
  outputs: number
  relu6: boolean
}

/** Layers one after the other; `residual` adds the block's input to its output. */
export interface Block {
  layers: Layer[]
  residual: boolean
}

export interface Topology {
  id: string
  /** Features are the averages over the last block's output, so it has as many channels. */
  blocks: Block[]
  featureSize: number
}

/** Shapes of a layer's two tensors. */
export function layerShapes(layer: Layer): {
  kernel: [number, number, number, number]
  bias: [number]
} {
  const { kernel, inputs, outputs } = layer
  return { kernel: [kernel, kernel, inputs, layer.kind === 'conv' ? outputs : 1], bias: [outputs] }
}

/** All layers in the order in which they run, which is the order of their weights in the file. */
export function layersOf(topology: Topology): Layer[] {
  return topology.blocks.flatMap((block) => block.layers)
}
