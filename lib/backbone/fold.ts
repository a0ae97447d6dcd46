/**
 * Folds a batch norm into the convolution before it.
 * @module
 */
import { EdgeloopError } from '../errors/index.ts'
import type { Convolution } from './topology.ts'
import type { Tensor } from './torch-legacy.ts'

/** What EfficientNet's and Keras' batch norms add to the variance. */
const EPSILON = 1e-3

/** What a batch norm has learnt, for each channel. */
export interface BatchNorm {
  gamma: Float32Array
  beta: Float32Array
  mean: Float32Array
  variance: Float32Array
}

interface FoldedLayer {
  /** Row-major in the shapes of `tensorsOf`. */
  kernel: Float32Array
  bias: Float32Array
}

/**
 * y = (conv(x) - mean) * gamma / sqrt(variance + epsilon) + beta becomes one convolution with a bias.
 * @param kernel in TensorFlow's layout, whose last axis that is not 1 is the output channel
 */
export function foldBatchNorm(kernel: Float32Array, norm: BatchNorm): FoldedLayer {
  const { gamma, beta, mean, variance } = norm
  const scale = gamma.map((value, o) => value / Math.sqrt(variance[o]! + EPSILON))
  const bias = beta.map((value, o) => value - mean[o]! * scale[o]!)
  return { kernel: kernel.map((value, i) => value * scale[i % scale.length]!), bias }
}

/**
 * A convolution and its batch norm out of a torch state dict, with the kernel in TensorFlow's layout.
 * @param names of the convolution and of its batch norm in the state dict
 * @throws INVALID_INPUT when a tensor is missing or has another shape
 */
export function foldLayer(
  tensors: ReadonlyMap<string, Tensor>,
  layer: Convolution,
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
  const norm = {
    gamma: read(`${names.norm}.weight`, [outputs]),
    beta: read(`${names.norm}.bias`, [outputs]),
    mean: read(`${names.norm}.running_mean`, [outputs]),
    variance: read(`${names.norm}.running_var`, [outputs]),
  }
  // torch: [outputs, inputs, height, width]; TensorFlow: [height, width, inputs, outputs], which for a
  // depthwise kernel [height, width, channels, 1] comes to the same walk.
  const kernel = new Float32Array(weight.length)
  let from = 0
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < perGroup; i++) {
      for (let pixel = 0; pixel < size * size; pixel++) {
        kernel[(pixel * perGroup + i) * outputs + o] = weight[from++]!
      }
    }
  }
  return foldBatchNorm(kernel, norm)
}
