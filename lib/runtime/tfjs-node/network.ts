/**
 * Runs a backbone in TensorFlow itself, by tfjs-node.
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Backbone } from '../../backbone/index.ts'
import type { Network } from '../network.ts'
import type { TfjsNode } from './load.ts'
import { SIGNATURE, TAG, writeSavedModel } from './saved-model.ts'

/** @throws INVALID_INPUT when the manifest's topology is not one that this program knows */
export async function createNetwork(backbone: Backbone, tf: TfjsNode): Promise<Network> {
  const { inputSize: side } = backbone.manifest
  const directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-graph-'))
  try {
    await writeSavedModel(backbone, directory)
    const model = await tf.node.loadSavedModel(directory, [TAG], SIGNATURE)
    return {
      features(pixels, batch) {
        const input = tf.tensor4d(Int32Array.from(pixels), [batch, side, side, 3], 'int32')
        const output = model.predict(input) as Tensor
        const features = output.dataSync<'float32'>()
        tf.dispose([input, output])
        return Float32Array.from(features)
      },
      dispose: () => model.dispose(),
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
