/**
 * Writes a backbone as a TensorFlow graph, which TensorFlow runs about twice as fast as the same operations one by one:
 * it fuses a convolution with its bias, its activation and a shortcut, and keeps kernels in the layout that the
 * processor likes best.
 * @module
 */
import {
  type Backbone,
  type Convolution,
  type Layer,
  readTensor,
  tensorsOf,
  topologyOf,
} from '../../backbone/index.ts'
import type { MappedFiles } from './mapped-files.ts'
import { type AttrValue, DataType, type NodeDef, type TensorShape } from './protobuf.ts'

/** Names of the graph's input, pixels as int32 [batch, side, side, 3], and output, float32 [batch, featureSize]. */
export const INPUT = 'pixels'
export const OUTPUT = 'features'

const ACTIVATIONS = { relu: 'Relu', relu6: 'Relu6' } as const

const float = { T: { type: DataType.DT_FLOAT } }
const list = (i: number[]): AttrValue => ({ list: { i } })
const text = (value: string): AttrValue => ({ s: Buffer.from(value) })
const shapeOf = (sizes: readonly number[]): TensorShape => ({ dim: sizes.map((size) => ({ size })) })

/** Kernels are large and go into files; what is smaller than this many numbers stays in the graph. */
const SMALL = 1024

/**
 * The graph's nodes, from the photo's pixels to the features.
 * @param files get the weights; the graph works for as long as they are there
 * @throws INVALID_INPUT when the manifest's topology is not one that this program knows
 */
export function createGraph(backbone: Backbone, files: MappedFiles): NodeDef[] {
  const { inputSize: side, preprocessing } = backbone.manifest
  const nodes: NodeDef[] = []
  let unnamed = 0

  /** Adds a node. @returns its name, for whoever takes what it gives */
  function add(op: string, input: string[], attr: NodeDef['attr'], name = `${op}_${unnamed++}`): string {
    nodes.push({ name, op, input, attr })
    return name
  }

  function constant(values: Float32Array | Int32Array, shape: readonly number[], name?: string): string {
    const dtype = values instanceof Float32Array ? DataType.DT_FLOAT : DataType.DT_INT32
    const tensorContent = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    const value = { tensor: { dtype, tensorShape: shapeOf(shape), tensorContent } }
    return add('Const', [], { dtype: { type: dtype }, value }, name)
  }

  function weights({ name, shape }: { name: string; shape: number[] }): string {
    const values = readTensor(backbone, name, shape)
    if (values.length < SMALL) return constant(values, shape, name)
    const attr = {
      dtype: { type: DataType.DT_FLOAT },
      shape: { shape: shapeOf(shape) },
      memory_region_name: text(files.add(values)),
    }
    return add('ImmutableConst', [], attr, name)
  }

  function convolve(x: string, layer: Convolution): string {
    const { kernel, bias } = tensorsOf(layer)
    const op = layer.kind === 'conv' ? 'Conv2D' : 'DepthwiseConv2dNative'
    const attr = {
      ...float,
      strides: list([1, layer.stride, layer.stride, 1]),
      padding: text(layer.padding.toUpperCase()),
    }
    let y = add(op, [x, weights(kernel)], attr, layer.name)
    if (bias) y = add('BiasAdd', [y, weights(bias)], float)
    return layer.activation === 'linear' ? y : add(ACTIVATIONS[layer.activation], [y], float)
  }

  function run(x: string, layer: Layer): string {
    // Not `Relu`: TensorFlow 2.15 would fuse it with the shortcut's addition before it although others take that sum,
    // too, and then give up fusing altogether.
    if (layer.kind === 'relu') return add('Maximum', [x, constant(Float32Array.of(0), [])], float)
    if (layer.kind === 'conv' || layer.kind === 'depthwise') return convolve(x, layer)
    const { kernel, stride } = layer
    const [ksize, strides] = [list([1, kernel, kernel, 1]), list([1, stride, stride, 1])]
    return add('MaxPool', [x], { ...float, ksize, strides, padding: text('SAME') })
  }

  const pixels = add(
    'Placeholder',
    [],
    { dtype: { type: DataType.DT_INT32 }, shape: { shape: shapeOf([-1, side, side, 3]) } },
    INPUT
  )
  const values = add('Cast', [pixels], {
    SrcT: { type: DataType.DT_INT32 },
    DstT: { type: DataType.DT_FLOAT },
  })
  const centred = add('Sub', [values, constant(Float32Array.of(preprocessing.mean), [])], float)
  let x = add('RealDiv', [centred, constant(Float32Array.of(preprocessing.scale), [])], float)
  for (const { layers, shortcut } of topologyOf(backbone.manifest).blocks) {
    const y = layers.reduce(run, x)
    if (shortcut === 'none') x = y
    else x = add('AddV2', [y, shortcut === 'identity' ? x : convolve(x, shortcut)], float)
  }
  const sides = constant(Int32Array.of(1, 2), [2])
  add('Mean', [x, sides], { ...float, Tidx: { type: DataType.DT_INT32 } }, OUTPUT)
  return nodes
}
