/**
 * What networks look like, apart from their weights: layers in blocks.
 * @module
 */

/** A convolution with its bias and activation. */
export interface Convolution {
  /** Its tensors are `NAME/kernel` and `NAME/bias`. */
  name: string
  /** `conv`: kernel [k, k, inputs, outputs]. `depthwise`: kernel [k, k, inputs, 1]. */
  kind: 'conv' | 'depthwise'
  kernel: number
  stride: number
  /** As TensorFlow pads. */
  padding: 'same' | 'valid'
  inputs: number
  outputs: number
  /** Without one there is no tensor `NAME/bias`. */
  bias: boolean
  activation: 'linear' | 'relu' | 'relu6'
}

/** Layers without weights. Pooling takes the largest of each square of `kernel` pixels, padded like `same`. */
type Operation = { kind: 'relu' } | { kind: 'maxpool'; kernel: number; stride: number }

export type Layer = Convolution | Operation

/**
 * Layers one after the other; the shortcut adds the block's input to its output: as it is (`identity`), through a
 * convolution of its own, or not at all (`none`).
 */
export interface Block {
  layers: Layer[]
  shortcut: 'none' | 'identity' | Convolution
}

export interface Topology {
  id: string
  /** Features are the averages over the last block's output, so it has as many channels. */
  blocks: Block[]
  featureSize: number
}

/** A convolution's tensors, in the order in which they stand in the file. */
export function tensorsOf(layer: Convolution): { kernel: TensorShape<4>; bias?: TensorShape<1> } {
  const { name, kernel, inputs, outputs } = layer
  const shapes = {
    kernel: {
      name: `${name}/kernel`,
      shape: [kernel, kernel, inputs, layer.kind === 'conv' ? outputs : 1] as Dimensions<4>,
    },
  }
  return layer.bias ? { ...shapes, bias: { name: `${name}/bias`, shape: [outputs] } } : shapes
}

interface TensorShape<Rank extends 1 | 4> {
  name: string
  shape: Dimensions<Rank>
}

type Dimensions<Rank extends 1 | 4> = Rank extends 1 ? [number] : [number, number, number, number]

const hasWeights = (layer: Layer): layer is Convolution => layer.kind === 'conv' || layer.kind === 'depthwise'

/** All layers with weights, a block's shortcut after its layers: the order of their weights in the file. */
export function convolutionsOf(topology: Topology): Convolution[] {
  return topology.blocks.flatMap(({ layers, shortcut }) => [
    ...layers.filter(hasWeights),
    ...(typeof shortcut === 'string' ? [] : [shortcut]),
  ])
}
