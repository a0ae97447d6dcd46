/**
 * EfficientNet-Lite0 without its classifier. The numbers are the published architecture's: EfficientNet-B0's blocks
 * (Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019, table 1)
 * without squeeze-and-excitation and with ReLU6 for swish, which is what makes it "Lite".
 * @module
 */
import { type Block, convolution, type Topology } from './topology.ts'

/** [kernel, repeats, inputs, outputs, expansion, stride of the first repeat] */
const STAGES: readonly (readonly [number, number, number, number, number, number])[] = [
  [3, 1, 32, 16, 1, 1],
  [3, 2, 16, 24, 6, 2],
  [5, 2, 24, 40, 6, 2],
  [3, 3, 40, 80, 6, 2],
  [5, 3, 80, 112, 6, 1],
  [5, 4, 112, 192, 6, 2],
  [3, 1, 192, 320, 6, 1],
]
const STEM = 32
const HEAD = 1280

export const efficientNetLite0: Topology = {
  id: 'efficientnet-lite0',
  blocks: [
    {
      layers: [
        convolution({ name: 'stem', kernel: 3, stride: 2, inputs: 3, outputs: STEM, activation: 'relu6' }),
      ],
      shortcut: 'none',
    },
    ...invertedBottlenecks(),
    {
      layers: [convolution({ name: 'head', inputs: 320, outputs: HEAD, activation: 'relu6' })],
      shortcut: 'none',
    },
  ],
  featureSize: HEAD,
}

function invertedBottlenecks(): Block[] {
  const blocks: Block[] = []
  for (const [kernel, repeats, first, outputs, expansion, firstStride] of STAGES) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const name = `block${blocks.length}`
      const inputs = repeat === 0 ? first : outputs
      const stride = repeat === 0 ? firstStride : 1
      const wide = inputs * expansion
      const filtered = { kind: 'depthwise', kernel, stride, activation: 'relu6' } as const
      const layers = [
        convolution({ name: `${name}/depthwise`, inputs: wide, outputs: wide, ...filtered }),
        convolution({ name: `${name}/project`, inputs: wide, outputs }),
      ]
      if (expansion > 1)
        layers.unshift(convolution({ name: `${name}/expand`, inputs, outputs: wide, activation: 'relu6' }))
      blocks.push({ layers, shortcut: stride === 1 && inputs === outputs ? 'identity' : 'none' })
    }
  }
  return blocks
}
