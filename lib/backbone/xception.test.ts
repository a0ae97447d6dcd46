import { expect, it } from 'vitest'
import { convolutionsOf, tensorsOf } from './topology.ts'
import { xception } from './xception.ts'

const convolutions = convolutionsOf(xception)
const product = (shape: readonly number[]) => shape.reduce((size, side) => size * side, 1)

it('has as many weights as Keras counts for Xception without its classifier', () => {
  // Keras' summary: 20,861,480 parameters, 54,528 of them means and variances, so 27,264 channels with a batch norm.
  const channels = 54_528 / 2
  const kernels = convolutions.map((layer) => product(tensorsOf(layer).kernel.shape))
  const biases = convolutions.map((layer) => tensorsOf(layer).bias?.shape[0] ?? 0)
  const sum = (numbers: number[]) => numbers.reduce((total, value) => total + value, 0)
  expect(sum(kernels)).toBe(20_861_480 - 4 * channels)
  expect(sum(biases)).toBe(channels)
})

it('gives each layer its own name, and what the one before it puts out', () => {
  const names = convolutions.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  let channels = 3
  for (const { layers, shortcut } of xception.blocks) {
    const before = channels
    for (const layer of layers) {
      if (!('inputs' in layer)) continue
      expect(layer).toMatchObject({ inputs: channels })
      channels = layer.outputs
    }
    if (shortcut === 'identity') expect(channels).toBe(before)
    else if (shortcut !== 'none') expect(shortcut).toMatchObject({ inputs: before, outputs: channels })
  }
  expect(channels).toBe(xception.featureSize)
})
