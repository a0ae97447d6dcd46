/**
 * Folds a batch norm into the convolution before it, and turns torch's kernel layout into TensorFlow's.
 * @module
 */
import { EdgeloopError } from '../errors/index.ts'
import type { Layer } from './topology.ts'
import type { Tensor } from './torch-legacy.ts'

/** What EfficientNet's batch norms add to the variance. */
const EPSILON = 1e-3

export interface FoldedLayer {
  /** Row-major in the shapes of `layerShapes`. */
  kernel: Float32Array
  bias: Float32Array
}

/**
 * y = (conv(x) - mean) * gamma / sqrt(variance + epsilon) + beta becomes one convolution with a bias.
 * @param names of the convolution and of its batch norm in the state dict
 * @throws INVALID_INPUT when a tensor is missing or has another shape
 */
export function foldLayer(
  tensors: ReadonlyMap<string, Tensor>,
  layer: Layer,
  names: { conv: string; norm: string }
): FoldedLayer {
  const { kernel: size, inputs, outputs } = layer
  const read = (name: string, shape: number[]): Float32Array => {
    const tensor = tensors.get(name)
    if (tensor && tensor.shape.join() === shape.join()) return tensor.data
    const found = tensor ? `has the shape [${tensor.shape}]` : 'is missing'
    throw new EdgeloopError('INVALID_INPUT', `tensor '${name}' ${found}, expected [${shape}]`)
  }
  const perGroup = layer.kind === 'conv' ? inputs : 1
  const weight = read(`${names.conv}.weight`, [outputs, perGroup, size, size])
  const gamma = read(`${names.norm}.weight`, [outputs])
  const beta = read(`${names.norm}.bias`, [outputs])
  const mean = read(`${names.norm}.running_mean`, [outputs])
  const variance = read(`${names.norm}.running_var`, [outputs])

  const scale = gamma.map((value, o) => value / Math.sqrt(variance[o]! + EPSILON))
  const bias = beta.map((value, o) => value - mean[o]! * scale[o]!)
  // torch: [outputs, inputs, height, width]; TensorFlow: [height, width, inputs, outputs], which for a
  // depthwise kernel [height, width, channels, 1] comes to the same walk.
  const kernel = new Float32Array(weight.length)
  let from = 0
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < perGroup; i++) {
      for (let pixel = 0; pixel < size * size; pixel++) {
        kernel[(pixel * perGroup + i) * outputs + o] = weight[from++]! * scale[o]!
      }
    }
  }
  return { kernel, bias }
}
