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

/** A convolution of what was given; the rest is what most are: 1 x 1, stride 1, padded, with a bias, linear. */
export function convolution(
  given: Pick<Convolution, 'name' | 'inputs' | 'outputs'> & Partial<Convolution>
): Convolution {
  return {
    kind: 'conv',
    kernel: 1,
    stride: 1,
    padding: 'same',
    bias: true,
    activation: 'linear',
    ...given,
  }
}

/** A convolution's tensors, in the order in which they stand in the file. */
export function tensorsOf({ name, kind, kernel, inputs, outputs, bias }: Convolution): {
  kernel: { name: string; shape: [number, number, number, number] }
  bias?: { name: string; shape: [number] }
} {
  return {
    kernel: { name: `${name}/kernel`, shape: [kernel, kernel, inputs, kind === 'conv' ? outputs : 1] },
    ...(bias && { bias: { name: `${name}/bias`, shape: [outputs] } }),
  }
}

const hasWeights = (layer: Layer): layer is Convolution => layer.kind === 'conv' || layer.kind === 'depthwise'

/** All layers with weights, a block's shortcut after its layers: the order of their weights in the file. */
export function convolutionsOf(topology: Topology): Convolution[] {
  return topology.blocks.flatMap(({ layers, shortcut }) => [
    ...layers.filter(hasWeights),
    ...(typeof shortcut === 'string' ? [] : [shortcut]),
  ])
}
