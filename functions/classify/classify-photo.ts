import type { Prediction, Thresholds } from '../../lib/events/index.ts'
import { encodeFloat16Base64 } from '../../lib/float16/index.ts'
import { predictScores, rankScores } from '../../lib/head/index.ts'
import { decodePhoto, perceptualHash } from '../../lib/photo/index.ts'
import type { ServingModel } from './model-server.ts'

/** What the serving model says about a photo. */
export interface Classification {
  prediction: Prediction
  features: { backbone: string; values: string }
  perceptualHash: string
  thresholds: Thresholds
}

/**
 * Decodes, looks, and answers, all with the one model that was serving when it began.
 *
 * @throws EdgeloopError UNSUPPORTED_MEDIA, TOO_LARGE or UNPROCESSABLE when the bytes are no usable photo
 */
export async function classifyPhoto(
  { manifest, head, backbone }: ServingModel,
  bytes: Uint8Array,
  maxBytes: number
): Promise<Classification> {
  const { runtime } = backbone
  const size = runtime.backbone.inputSize
  const decoded = await decodePhoto(bytes, { size, limits: { bytes: maxBytes } })
  const [features] = await runtime.features([decoded.pixels])
  const labels = rankScores(head.labels, predictScores(head, features!))
  return {
    prediction: {
      model: { name: manifest.model, version: manifest.version },
      labels,
      confidence: labels[0]!.score,
    },
    features: { backbone: runtime.backbone.hash, values: encodeFloat16Base64(features!) },
    perceptualHash: perceptualHash({ pixels: decoded.pixels, size }),
    thresholds: manifest.thresholds,
  }
}
