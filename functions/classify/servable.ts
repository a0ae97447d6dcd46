import { EdgeloopError } from '../../lib/errors/index.ts'
import { predictScores, rankScores } from '../../lib/head/index.ts'
import { photoHash } from '../../lib/photo/index.ts'
import type { Example, Servable, Signature, Tensor, TensorInfo } from '../../lib/tf-serving/index.ts'
import type { Looker } from './look.ts'
import type { ServingModel } from './model-server.ts'

/** Photos of one request that are looked at side by side: enough to fill batches, without taking every place there is. */
const SIDE_BY_SIDE = 16

/** What examples and requests call a photo's bytes. */
const IMAGE = 'image_bytes'

/**
 * A version of a model as TensorFlow Serving's API shows it, with four signatures: `serving_default` takes pixels and
 * `image_bytes` takes JPEG, PNG or WebP; `classification` and `regression` take examples that hold such bytes.
 *
 * Scores are calibrated probabilities in the order of the model's labels, which `image_bytes` gives beside them; the
 * regression of a photo is the probability of its surest label.
 *
 * @param maxQueued a request's own photos take no more places than there are
 */
export function servableOf(model: ServingModel, look: Looker, maxQueued: number): Servable {
  const { head, backbone, manifest } = model
  const sideBySide = Math.min(SIDE_BY_SIDE, maxQueued)
  const classes = head.labels.map((label) => Buffer.from(label))

  async function scoresOf(photos: readonly Uint8Array[], signal: AbortSignal): Promise<Float32Array[]> {
    return inTurns(photos, sideBySide, async (bytes) => {
      const { features } = await look(backbone, { hash: photoHash(bytes), bytes }, signal)
      return predictScores(head, features)
    })
  }

  const ofPixels: Signature = {
    method: 'predict',
    inputs: { pixels: info('pixels:0', 'DT_UINT8', pixelShape(model)) },
    outputs: { scores: info('scores:0', 'DT_FLOAT', [-1, classes.length]) },
    async run({ pixels }, signal) {
      const values = pixels!.values as Uint8Array
      const [count] = pixels!.shape as [number]
      const size = values.length / count
      const photos = Array.from({ length: count }, (_, i) => values.subarray(i * size, (i + 1) * size))
      const scores = await inTurns(photos, sideBySide, async (photo) =>
        predictScores(head, await backbone.features(photo, signal))
      )
      return { scores: scoresTensor(scores, classes.length) }
    },
  }

  const ofImages: Signature = {
    method: 'predict',
    inputs: { [IMAGE]: info(`${IMAGE}:0`, 'DT_STRING', [-1]) },
    outputs: {
      classes: info('classes:0', 'DT_STRING', [-1, classes.length]),
      scores: info('scores:0', 'DT_FLOAT', [-1, classes.length]),
    },
    async run(inputs, signal) {
      const images = inputs[IMAGE]!.values as Uint8Array[]
      const scores = await scoresOf(images, signal)
      return {
        classes: {
          dtype: 'DT_STRING',
          shape: [images.length, classes.length],
          values: images.flatMap(() => classes),
        },
        scores: scoresTensor(scores, classes.length),
      }
    },
  }

  const classification: Signature = {
    method: 'classify',
    inputs: { inputs: info('input_example_tensor:0', 'DT_STRING', [-1]) },
    outputs: ofImages.outputs,
    async run(examples, signal) {
      const scores = await scoresOf(examples.map(imageOf), signal)
      return scores.map((one) => rankScores(head.labels, one))
    },
  }

  const regression: Signature = {
    method: 'regress',
    inputs: classification.inputs,
    outputs: { outputs: info('confidence:0', 'DT_FLOAT', [-1, 1]) },
    async run(examples, signal) {
      const scores = await scoresOf(examples.map(imageOf), signal)
      return scores.map((one) => Math.max(...one))
    },
  }

  return {
    version: manifest.version,
    signatures: { serving_default: ofPixels, [IMAGE]: ofImages, classification, regression },
  }
}

function info(name: string, dtype: TensorInfo['dtype'], shape: TensorInfo['shape']): TensorInfo {
  return { name, dtype, shape }
}

function pixelShape({ backbone }: ServingModel): number[] {
  const { inputSize } = backbone.runtime.backbone
  return [-1, inputSize, inputSize, 3]
}

function scoresTensor(rows: readonly Float32Array[], labels: number): Tensor {
  const values = new Float32Array(rows.length * labels)
  for (const [i, row] of rows.entries()) values.set(row, i * labels)
  return { dtype: 'DT_FLOAT', shape: [rows.length, labels], values }
}

function imageOf(example: Example, index: number): Uint8Array {
  const bytes = example[IMAGE]?.[0]
  if (bytes instanceof Uint8Array) return bytes
  throw new EdgeloopError(
    'INVALID_INPUT',
    `Example ${index} has no feature ${IMAGE} of the form {"b64": "…"}`
  )
}

/** A failure of one photo is the request's; those that have not begun are left then. */
async function inTurns<T>(
  photos: readonly Uint8Array[],
  sideBySide: number,
  work: (photo: Uint8Array) => Promise<T>
): Promise<T[]> {
  const results: T[] = []
  let next = 0
  let failed = false
  const worker = async () => {
    while (next < photos.length && !failed) {
      const i = next++
      results[i] = await work(photos[i]!).catch((thrown: unknown) => {
        failed = true
        throw photos.length > 1 && thrown instanceof EdgeloopError ? at(thrown, i) : thrown
      })
    }
  }
  // A library's limit would make a promise of each photo at once, and there may be hundreds of thousands.
  await Promise.all(Array.from({ length: Math.min(sideBySide, photos.length) }, worker))
  return results
}

function at({ code, message, hint }: EdgeloopError, index: number): EdgeloopError {
  return new EdgeloopError(code, `photo ${index}: ${message}`, { hint })
}
