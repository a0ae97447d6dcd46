/**
 * Xception without its classifier: François Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions",
 * CVPR 2017, figure 5. Layers bear the names that Keras Applications gives them, so that its weights are found by name;
 * the convolutions of the shortcuts, which have no names of their own there, are called `BLOCK_shortcut`.
 * @module
 */
import { type Block, type Convolution, convolution, type Layer, type Topology } from './topology.ts'

/** [outputs, whether the block starts with a ReLU]: the blocks that halve width and height by pooling. */
const ENTRY: readonly (readonly [number, boolean])[] = [
  [128, false],
  [256, true],
  [728, true],
]
const MIDDLE_BLOCKS = 8
const MIDDLE = 728
const FEATURES = 2048

export const xception: Topology = {
  id: 'xception',
  blocks: [
    {
      layers: [stem('block1_conv1', 3, 32, 2), stem('block1_conv2', 32, 64, 1)],
      shortcut: 'none',
    },
    ...entryFlow(),
    ...Array.from({ length: MIDDLE_BLOCKS }, (_, i) => middleBlock(`block${5 + i}`)),
    poolingBlock('block13', MIDDLE, [MIDDLE, 1024], true),
    {
      layers: [
        ...separable('block14_sepconv1', 1024, 1536, 'relu'),
        ...separable('block14_sepconv2', 1536, FEATURES, 'relu'),
      ],
      shortcut: 'none',
    },
  ],
  featureSize: FEATURES,
}

function stem(name: string, inputs: number, outputs: number, stride: number): Convolution {
  return convolution({ name, kernel: 3, stride, padding: 'valid', inputs, outputs, activation: 'relu' })
}

/** Depthwise, then pointwise, with nothing in between: only the second has a batch norm, and so a bias. */
function separable(
  name: string,
  inputs: number,
  outputs: number,
  activation: Convolution['activation']
): Convolution[] {
  const depthwise = { name: `${name}/depthwise`, kind: 'depthwise', kernel: 3, bias: false } as const
  return [
    convolution({ ...depthwise, inputs, outputs: inputs }),
    convolution({ name: `${name}/pointwise`, inputs, outputs, activation }),
  ]
}

function entryFlow(): Block[] {
  let inputs = 64
  return ENTRY.map(([outputs, startsWithRelu], i) => {
    const block = poolingBlock(`block${2 + i}`, inputs, [outputs, outputs], startsWithRelu)
    inputs = outputs
    return block
  })
}

/** The ReLU between two separable convolutions is part of the first one. */
function poolingBlock(
  name: string,
  inputs: number,
  [first, second]: [number, number],
  startsWithRelu: boolean
): Block {
  const relu: Layer[] = startsWithRelu ? [{ kind: 'relu' }] : []
  return {
    layers: [
      ...relu,
      ...separable(`${name}_sepconv1`, inputs, first, 'relu'),
      ...separable(`${name}_sepconv2`, first, second, 'linear'),
      { kind: 'maxpool', kernel: 3, stride: 2 },
    ],
    shortcut: convolution({ name: `${name}_shortcut`, inputs, outputs: second, stride: 2 }),
  }
}

function middleBlock(name: string): Block {
  return {
    layers: [
      { kind: 'relu' },
      ...separable(`${name}_sepconv1`, MIDDLE, MIDDLE, 'relu'),
      ...separable(`${name}_sepconv2`, MIDDLE, MIDDLE, 'relu'),
      ...separable(`${name}_sepconv3`, MIDDLE, MIDDLE, 'linear'),
    ],
    shortcut: 'identity',
  }
}
