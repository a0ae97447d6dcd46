import { defaultBackboneDir } from '../../lib/backbone/index.ts'
import { encodeFloat16Base64 } from '../../lib/float16/index.ts'
import { perceptualHash, photoHash, sniffMediaType, thumbnailOf } from '../../lib/photo/index.ts'
import { decodePhoto } from '../../lib/photo-decoder/index.ts'
import { createRuntime } from '../../lib/runtime/index.ts'

/** What `classify` sees in a photo, whatever model serves. */
export interface Look {
  photo: { hash: string; size: number; mediaType: string }
  features: Float32Array
  /** As they travel. */
  encoded: { backbone: string; values: string }
  perceptualHash: string
  thumbnail: string
}

export async function createLooker() {
  const runtime = await createRuntime({ backboneDir: defaultBackboneDir })
  const { hash: backbone, inputSize: size } = runtime.backbone
  return {
    async look(bytes: Uint8Array): Promise<Look> {
      const { pixels } = await decodePhoto(bytes, { size })
      const [features] = await runtime.features([pixels])
      return {
        photo: { hash: photoHash(bytes), size: bytes.length, mediaType: sniffMediaType(bytes)! },
        features: features!,
        encoded: { backbone, values: encodeFloat16Base64(features!) },
        perceptualHash: perceptualHash({ pixels, size }),
        thumbnail: Buffer.from(thumbnailOf({ pixels, size })).toString('base64'),
      }
    },
    close: () => runtime.close(),
  }
}
