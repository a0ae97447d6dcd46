import { describe, expect, it } from 'vitest'
import { foldLayer } from './fold.ts'
import type { Convolution } from './topology.ts'
import type { Tensor } from './torch-legacy.ts'

const tensor = (shape: number[], ...data: number[]): Tensor => ({ shape, data: Float32Array.from(data) })
const layer: Convolution = {
  name: 'x',
  kind: 'conv',
  kernel: 1,
  stride: 1,
  padding: 'same',
  inputs: 2,
  outputs: 2,
  bias: true,
  activation: 'linear',
}
const names = { conv: 'c', norm: 'n' }
const norm: [string, Tensor][] = [
  ['n.weight', tensor([2], 2, 3)],
  ['n.bias', tensor([2], 10, 20)],
  ['n.running_mean', tensor([2], 1, -1)],
  ['n.running_var', tensor([2], 4 - 1e-3, 9 - 1e-3)],
]

describe('folding', () => {
  it('puts scale and shift of the batch norm into the convolution', () => {
    const folded = foldLayer(new Map([['c.weight', tensor([2, 2, 1, 1], 1, 2, 3, 4)], ...norm]), layer, names)
    // Scales are 2/2 and 3/3; [output, input] turns into [input, output].
    expect([...folded.kernel].map((value) => Math.round(value * 1e5) / 1e5)).toEqual([1, 3, 2, 4])
    expect([...folded.bias].map((value) => Math.round(value * 1e5) / 1e5)).toEqual([9, 21])
  })

  it('lays depthwise kernels out as height, width, channel', () => {
    const depthwise: Convolution = { ...layer, kind: 'depthwise', kernel: 3 }
    const weight = tensor([2, 1, 3, 3], ...Array.from({ length: 18 }, (_, i) => i))
    const folded = foldLayer(new Map([['c.weight', weight], ...norm]), depthwise, names)
    expect([...folded.kernel].map(Math.round).slice(0, 6)).toEqual([0, 9, 1, 10, 2, 11])
  })

  it('names what is missing or has another shape', () => {
    expect(() => foldLayer(new Map(norm), layer, names)).toThrow(
      "tensor 'c.weight' is missing, expected [2,2,1,1]"
    )
    const wrong = new Map([['c.weight', tensor([4], 1, 2, 3, 4)], ...norm])
    expect(() => foldLayer(wrong, layer, names)).toThrow("tensor 'c.weight' has the shape [4]")
  })
})
