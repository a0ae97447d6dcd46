import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Backbone, defaultBackboneDir, openBackbone } from '../../backbone/index.ts'
import { useWasm } from './backend.ts'
import { createNetwork } from './network.ts'

describe('a network', () => {
  let backbone: Backbone
  beforeAll(async () => {
    await useWasm()
    backbone = await openBackbone(defaultBackboneDir)
  })

  it('leaves no tensors behind, neither when it runs, nor when it fails, nor at its end', () => {
    const before = tf.memory().numTensors
    const network = createNetwork(backbone)
    const loaded = tf.memory()
    expect(loaded.numTensors).toBe(before + backbone.manifest.tensors.length)
    for (const batch of [1, 3, 1]) network.features(new Uint8Array(batch * 224 * 224 * 3), batch)
    expect(() => network.features(new Uint8Array(5), 1)).toThrow()
    expect(tf.memory()).toMatchObject({ numTensors: loaded.numTensors, numBytes: loaded.numBytes })
    network.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })

  it('is not built from another topology', () => {
    const other = { ...backbone, manifest: { ...backbone.manifest, topology: 'resnet' } }
    expect(() => createNetwork(other)).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        hint: 'Known networks: efficientnet-lite0, xception.',
      })
    )
  })
})
