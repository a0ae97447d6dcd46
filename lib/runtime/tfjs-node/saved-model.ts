/**
 * Writes a backbone as a SavedModel: the one form of a graph that tfjs-node loads.
 * @module
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Backbone } from '../../backbone/index.ts'
import { createGraph, INPUT, OUTPUT } from './graph.ts'
import type { MappedFiles } from './mapped-files.ts'
import { DataType, encodeSavedModel } from './protobuf.ts'

/** What TensorFlow's own tools write: the tag of graphs for inference, and the signature that runs by default. */
export const TAG = 'serve'
export const SIGNATURE = 'serving_default'

/** The graph's version of operations (GraphDef.versions.producer); that of TensorFlow 2.0, which later ones read. */
const PRODUCER = 134

/**
 * @param directory made if absent
 * @param files get the weights; the model works for as long as they are there
 * @throws as `createGraph`
 */
export async function writeSavedModel(
  backbone: Backbone,
  directory: string,
  files: MappedFiles
): Promise<void> {
  const { inputSize: side, featureSize } = backbone.manifest
  const tensor = (node: string, dtype: number, sizes: number[]) => ({
    [node]: { name: `${node}:0`, dtype, tensorShape: { dim: sizes.map((size) => ({ size })) } },
  })
  const bytes = encodeSavedModel({
    savedModelSchemaVersion: 1,
    metaGraphs: [
      {
        metaInfoDef: { tags: [TAG] },
        graphDef: { node: createGraph(backbone, files), versions: { producer: PRODUCER } },
        signatureDef: {
          [SIGNATURE]: {
            inputs: tensor(INPUT, DataType.DT_INT32, [-1, side, side, 3]),
            outputs: tensor(OUTPUT, DataType.DT_FLOAT, [-1, featureSize]),
            methodName: 'tensorflow/serving/predict',
          },
        },
      },
    ],
  })
  await mkdir(directory, { recursive: true })
  await writeFile(path.join(directory, 'saved_model.pb'), bytes)
}
