import type { ComputeOnce } from '../../lib/compute-once/index.ts'
import { decodePhoto, perceptualHash } from '../../lib/photo/index.ts'
import type { LoadedBackbone } from './loaded-backbone.ts'

/** What a backbone sees in a photo, whatever model stands on it. */
export interface Look {
  features: Float32Array
  perceptualHash: string
}

export interface Photo {
  /** SHA-256 of its bytes. */
  hash: string
  bytes: Uint8Array
}

/** Looks at photos, at each of them once: whether it comes by MQTT, by HTTP, or by both at the same time. */
export type Looker = (backbone: LoadedBackbone, photo: Photo, signal?: AbortSignal) => Promise<Look>

/**
 * @param looks the looks that were taken before
 * @param maxBytes larger photos are refused
 */
export function createLooker(looks: ComputeOnce<Look>, maxBytes: number): Looker {
  return (backbone, { hash, bytes }, signal) => {
    const { inputSize: size, hash: network } = backbone.runtime.backbone
    const look = async (abandoned: AbortSignal): Promise<Look> => {
      const { pixels } = await decodePhoto(bytes, { size, limits: { bytes: maxBytes } })
      const features = await backbone.features(pixels, abandoned)
      return { features, perceptualHash: perceptualHash({ pixels, size }) }
    }
    return looks.get(`${network} ${hash}`, look, signal)
  }
}
