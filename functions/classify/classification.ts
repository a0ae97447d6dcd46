import type { Prediction, Thresholds } from '../../lib/events/index.ts'
import { encodeFloat16Base64 } from '../../lib/float16/index.ts'
import { predictScores, rankScores } from '../../lib/head/index.ts'
import type { NoveltyScore } from '../../lib/novelty/index.ts'
import type { Look } from './look.ts'
import type { ServingModel } from './model-server.ts'

/** What a model says about a photo. */
export interface Classification {
  prediction: Prediction
  features: { backbone: string; values: string }
  perceptualHash: string
  /** Base64. */
  thumbnail: string
  /** Null where the model does not know what is foreign. */
  novelty: (NoveltyScore & { threshold: number }) | null
  thresholds: Thresholds
}

/** @param look with the model's backbone */
export function classify(
  { manifest, head, backbone, novelty }: ServingModel,
  { features, perceptualHash, thumbnail }: Look
): Classification {
  const labels = rankScores(head.labels, predictScores(head, features))
  return {
    prediction: {
      model: { name: manifest.model, version: manifest.version },
      labels,
      confidence: labels[0]!.score,
    },
    features: { backbone: backbone.runtime.backbone.hash, values: encodeFloat16Base64(features) },
    perceptualHash,
    thumbnail: Buffer.from(thumbnail).toString('base64'),
    novelty: novelty ? { ...novelty.score(features), threshold: novelty.threshold } : null,
    thresholds: manifest.thresholds,
  }
}
