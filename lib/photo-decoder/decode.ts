/**
 * Photos as bytes become square RGB pixels.
 * @module
 */
import sharp from 'sharp'
import { abandoned, EdgeloopError } from '../errors/index.ts'
import { MAX_PHOTO_BYTES, type PhotoMediaType, sniffMediaType } from '../photo/index.ts'
import { createBudget } from './budget.ts'
import { decodingCost, MAX_HELD_BYTES, tooLarge } from './decoding-cost.ts'

interface PhotoLimits {
  /** Of the encoded photo; `MAX_PHOTO_BYTES` by default. */
  bytes?: number
  /** Width times height before scaling; 100 million by default. */
  pixels?: number
}

interface DecodeOptions {
  /** Pixels of each side of the result. */
  size: number
  limits?: PhotoLimits
  /** Whoever waits for room in memory does not get it any more once this is aborted. */
  signal?: AbortSignal
}

export interface DecodedPhoto {
  /** RGB, row after row from the top left, size * size * 3 values. */
  pixels: Uint8Array<ArrayBuffer>
  size: number
  /** Of the whole photo, as a person would hold it (after EXIF orientation). */
  width: number
  height: number
  mediaType: PhotoMediaType
}

/** Photos of this process are decoded side by side as long as all of them together take no more than the largest may. */
const memory = createBudget(MAX_HELD_BYTES)

/**
 * Decodes a photo as backbones want it: upright, sRGB, on white where it is transparent, the first frame of an
 * animation, scaled (Lanczos) so that its central square fills the result.
 * @throws UNAVAILABLE when the signal is aborted, UNSUPPORTED_MEDIA, TOO_LARGE (bytes, pixels, or what decoding takes), or UNPROCESSABLE with the reason when it is cut short or broken
 */
export async function decodePhoto(bytes: Uint8Array, options: DecodeOptions): Promise<DecodedPhoto> {
  const { size, limits, signal } = options
  const mediaType = sniffMediaType(bytes)
  const maxBytes = limits?.bytes ?? MAX_PHOTO_BYTES
  if (bytes.length > maxBytes) throw tooLarge(`${bytes.length} bytes`, `${maxBytes} bytes`)

  // Not 'warning': it would refuse what every viewer shows, such as stray bytes that cheap cameras leave in a JPEG.
  const image = sharp(bytes, { failOn: 'error', limitInputPixels: false, autoOrient: true })
  const metadata = await image.metadata().catch(unprocessable)
  const { width, height } = metadata.autoOrient
  const cost = decodingCost(mediaType, metadata, limits?.pixels)

  const pixels = await memory.use(cost, () => {
    if (signal?.aborted) throw abandoned()
    return image
      .resize(size, size, { fit: 'cover', kernel: 'lanczos3' })
      .flatten({ background: '#ffffff' })
      .raw({ depth: 'uchar' })
      .toBuffer()
      .catch(unprocessable)
  })
  if (pixels.length !== size * size * 3) {
    throw new EdgeloopError('UNPROCESSABLE', `this photo decodes to ${pixels.length / size / size} channels`)
  }
  return { pixels: new Uint8Array(pixels), size, width, height, mediaType }
}

function unprocessable(cause: unknown): never {
  const reason = cause instanceof Error ? cause.message.trim().replaceAll(/\s+/g, ' ') : String(cause)
  throw new EdgeloopError('UNPROCESSABLE', `this photo cannot be decoded: ${reason}`, { cause })
}
