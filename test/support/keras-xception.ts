import { File, type Group, ready } from 'h5wasm/node'
import { type Convolution, convolutionsOf, tensorsOf, topologies } from '../../lib/backbone/index.ts'

/** An array of one number, written small however large it is. */
export interface FilledArray {
  /** `LAYER/NAME:0`, as Keras 2 names it. */
  name: string
  shape: number[]
  value: number
}

/** Arrays by layer, in Keras' order. */
export type FilledLayers = Map<string, FilledArray[]>

const NORM = ['gamma', 'beta', 'moving_mean', 'moving_variance'] as const
/** Of every batch norm: y = 3 (x - 0.5) / sqrt(3.999 + 0.001) + 0.25, which is 1.5 x - 0.5. */
const NORM_VALUES = { gamma: 3, beta: 0.25, moving_mean: 0.5, moving_variance: 3.999 }
const KERNEL = { depthwise: 0.25, pointwise: 0.5, conv: 2 }

/** What Keras 2 keeps of Xception, with the same few numbers all over. */
export function xceptionLayers(): FilledLayers {
  const layers: FilledLayers = new Map()
  const norm = (name: string, { outputs }: Convolution) =>
    layers.set(
      name,
      NORM.map((part) => ({ name: `${name}/${part}:0`, shape: [outputs], value: NORM_VALUES[part] }))
    )
  let shortcuts = 0
  for (const layer of convolutionsOf(topologies.get('xception')!)) {
    const { shape } = tensorsOf(layer).kernel
    const [block, part] = layer.name.split('/') as [string, 'depthwise' | 'pointwise' | undefined]
    if (part) {
      const array = { name: `${block}/${part}_kernel:0`, shape, value: KERNEL[part] }
      layers.set(block, [...(layers.get(block) ?? []), array])
      if (part === 'pointwise') norm(`${block}_bn`, layer)
      continue
    }
    // Keras names these by class and number, and does not begin at 1 in a process that has made other models.
    const isShortcut = block.endsWith('_shortcut')
    const number = isShortcut ? ++shortcuts + 4 : 0
    const name = isShortcut ? `conv2d_${number}` : block
    layers.set(name, [{ name: `${name}/kernel:0`, shape, value: KERNEL.conv }])
    norm(isShortcut ? `batch_normalization_${number}` : `${name}_bn`, layer)
  }
  // Keras lists layers without weights, too.
  layers.set('add', [])
  return layers
}

/** Writes what `model.save_weights(FILE)` of Keras 2 writes. */
export async function writeKerasH5(file: string, layers: FilledLayers): Promise<void> {
  await ready
  const hdf5 = new File(file, 'w')
  hdf5.create_attribute('layer_names', [...layers.keys()])
  for (const [layer, arrays] of layers) {
    const group = hdf5.create_group(layer)
    // No list of nothing: its type could not be told.
    if (arrays.length === 0) continue
    group.create_attribute(
      'weight_names',
      arrays.map(({ name }) => name)
    )
    const inner = group.create_group(arrays[0]!.name.split('/')[0]!)
    for (const array of arrays) writeArray(inner, array)
  }
  hdf5.close()
}

function writeArray(group: Group, { name, shape, value }: FilledArray): void {
  const size = shape.reduce((product, side) => product * side, 1)
  group.create_dataset({
    name: name.split('/')[1]!,
    data: new Float32Array(size).fill(value),
    shape,
    dtype: '<f4',
    chunks: shape,
    compression: 1,
  })
}
