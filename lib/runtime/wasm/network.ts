/**
 * Builds a backbone from its topology and weights with tfjs operations, for whichever tfjs backend is active.
 * @module
 */
import * as tf from '@tensorflow/tfjs-core'
import {
  type Backbone,
  type Convolution,
  convolutionsOf,
  type Layer,
  readTensor,
  tensorsOf,
  topologyOf,
} from '../../backbone/index.ts'
import type { Network } from '../network.ts'

type Weights = Map<string, { kernel: tf.Tensor4D; bias?: tf.Tensor1D }>

/** @throws INVALID_INPUT when the manifest's topology is not one that this program knows */
export function createNetwork(backbone: Backbone): Network {
  const { manifest } = backbone
  const topology = topologyOf(manifest)
  const { inputSize: side } = manifest
  const { mean, scale } = manifest.preprocessing
  const normalised = Float32Array.from({ length: 256 }, (_, value) => (value - mean) / scale)
  const weights = loadWeights(backbone, convolutionsOf(topology))

  const forward = (input: tf.Tensor4D): tf.Tensor2D => {
    let x = input
    for (const { layers, shortcut } of topology.blocks) {
      let y = x
      for (const layer of layers) y = runLayer(y, layer, weights)
      if (shortcut === 'identity') y = tf.add(x, y)
      else if (shortcut !== 'none') y = tf.add(runLayer(x, shortcut, weights), y)
      x = y
    }
    return tf.mean(x, [1, 2])
  }

  return {
    features(pixels, batch) {
      const values = new Float32Array(pixels.length)
      for (let i = 0; i < values.length; i++) values[i] = normalised[pixels[i]!]!
      const output = tf.tidy(() => forward(tf.tensor4d(values, [batch, side, side, 3])))
      // A copy: wasm hands out a view of its memory.
      const features = Float32Array.from(output.dataSync())
      output.dispose()
      return features
    },
    dispose() {
      for (const tensors of weights.values()) tf.dispose(tensors)
    },
  }
}

function loadWeights(backbone: Backbone, layers: Convolution[]): Weights {
  const weights: Weights = new Map()
  for (const layer of layers) {
    const { kernel, bias } = tensorsOf(layer)
    weights.set(layer.name, {
      kernel: tf.tensor4d(readTensor(backbone, kernel.name, kernel.shape), kernel.shape),
      ...(bias && { bias: tf.tensor1d(readTensor(backbone, bias.name, bias.shape)) }),
    })
  }
  return weights
}

/** Bias and activation are fused into the convolution: one pass over memory in place of three. */
function runLayer(x: tf.Tensor4D, layer: Layer, weights: Weights): tf.Tensor4D {
  if (layer.kind === 'relu') return tf.relu(x)
  if (layer.kind === 'maxpool') return tf.maxPool(x, layer.kernel, layer.stride, 'same')
  const { kernel: filter, bias } = weights.get(layer.name)!
  const convolve = layer.kind === 'conv' ? tf.fused.conv2d : tf.fused.depthwiseConv2d
  const { stride: strides, padding: pad, activation } = layer
  return convolve({ x, filter, strides, pad, bias, activation })
}
