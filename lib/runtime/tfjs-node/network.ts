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
import { createMappedFiles } from './mapped-files.ts'
import { SIGNATURE, TAG, writeSavedModel } from './saved-model.ts'

/** @throws INVALID_INPUT when the manifest's topology is not one that this program knows */
export async function createNetwork(backbone: Backbone, tf: TfjsNode): Promise<Network> {
  const { inputSize: side } = backbone.manifest
  const directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-graph-'))
  const files = createMappedFiles(directory)
  try {
    await writeSavedModel(backbone, directory, files)
    const model = await tf.node.loadSavedModel(directory, [TAG], SIGNATURE)
    return {
      features(pixels, batch) {
        const input = tf.tensor4d(new Int32Array(pixels), [batch, side, side, 3], 'int32')
        const output = model.predict(input) as Tensor
        const features = output.dataSync<'float32'>()
        tf.dispose([input, output])
        return Float32Array.from(features)
      },
      dispose() {
        model.dispose()
        files.close()
      },
    }
  } catch (error) {
    files.close()
    throw error
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
