import type { ComputeOnce } from '../../lib/compute-once/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { perceptualHash, thumbnailOf } from '../../lib/photo/index.ts'
import { decodePhoto } from '../../lib/photo-decoder/index.ts'
import type { LoadedBackbone } from './loaded-backbone.ts'
import type { Metrics } from './metrics.ts'
import type { Settings } from './settings.ts'

/** What a backbone sees in a photo, whatever model stands on it. */
export interface Look {
  features: Float32Array
  perceptualHash: string
  /** 32 × 32 grey values. */
  thumbnail: Uint8Array
}

export interface Photo {
  /** SHA-256 of its bytes. */
  hash: string
  bytes: Uint8Array
}

/**
 * Looks at photos, at each of them once: whether it comes by MQTT, by HTTP, or by both at the same time.
 *
 * Throws as `decodePhoto` does, and EdgeloopError OVERLOADED when too many are being decoded or wait already.
 */
export type Looker = (backbone: LoadedBackbone, photo: Photo, signal?: AbortSignal) => Promise<Look>

/** @param looks the looks that were taken before */
export function createLooker(looks: ComputeOnce<Look>, settings: Settings, metrics: Metrics): Looker {
  let decoding = 0

  async function decode(bytes: Uint8Array, size: number, signal: AbortSignal): Promise<Uint8Array> {
    const began = performance.now()
    decoding++
    try {
      const limits = { bytes: settings.MAX_PHOTO_BYTES }
      const { pixels } = await decodePhoto(bytes, { size, limits, signal })
      metrics.decoded(performance.now() - began)
      return pixels
    } finally {
      decoding--
    }
  }

  return (backbone, { hash, bytes }, signal) => {
    const { inputSize: size, hash: network } = backbone.runtime.backbone
    const look = async (abandoned: AbortSignal): Promise<Look> => {
      // Before it is decoded: refusing it must cost nothing.
      if (decoding + backbone.queued() >= settings.MAX_QUEUED)
        throw new EdgeloopError('OVERLOADED', `${settings.MAX_QUEUED} photos wait already`, {
          hint: 'try again in a moment',
        })
      const pixels = await decode(bytes, size, abandoned)
      const features = await backbone.features(pixels, abandoned)
      const photo = { pixels, size }
      return { features, perceptualHash: perceptualHash(photo), thumbnail: thumbnailOf(photo) }
    }
    return looks.get(`${network} ${hash}`, look, signal)
  }
}
