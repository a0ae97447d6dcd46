import type { Metadata } from 'sharp'
import { EdgeloopError } from '../errors/index.ts'
import type { PhotoMediaType } from '../photo/index.ts'

/** Width times height. */
const MAX_PIXELS = 100e6
/** Of all pixels, decoded: time grows with it. 50 megapixels with 16 bits and alpha, 100 with 8 bits and alpha. */
const MAX_DECODED_BYTES = 400 * 2 ** 20
/** Of a photo that has to be in memory as a whole: 50 megapixels of a progressive JPEG, or of a PNG with 16 bits. */
export const MAX_HELD_BYTES = 320 * 2 ** 20

/** How much of a photo that arrives row by row libvips has in memory: a sixth of 50 megapixels, less of more. */
const STREAMED_SHARE = 1 / 6

/**
 * Decides on a photo's header, before decoding, whether it may be decoded, and what that takes.
 *
 * libvips decodes PNG row by row, and JPEG and WebP at a fraction of their size, so that a small part of the photo is in
 * memory at a time. Of an interlaced PNG it holds every pixel, and of a progressive JPEG two bytes for each coefficient,
 * which is as many as there are values (fewer with chroma subsampling, which a header may claim wrongly). An orientation
 * costs nothing: it turns the result.
 *
 * @returns bytes of memory while it is being decoded, roughly and rather too many
 * @throws EdgeloopError TOO_LARGE
 */
export function decodingCost(
  mediaType: PhotoMediaType,
  { width, height, channels, depth, isProgressive }: Metadata,
  maxPixels = MAX_PIXELS
): number {
  const pixels = width * height
  if (pixels > maxPixels) throw tooLarge(`${width} x ${height} pixels`, `${maxPixels} pixels`)
  const decoded = pixels * channels * (depth === 'uchar' ? 1 : 2)
  if (decoded > MAX_DECODED_BYTES)
    throw tooLarge(`${decoded} bytes once it is decoded`, `${MAX_DECODED_BYTES} bytes`)
  if (!isProgressive) return decoded * STREAMED_SHARE
  const held = mediaType === 'image/jpeg' ? pixels * channels * 2 : decoded
  if (held > MAX_HELD_BYTES)
    throw tooLarge(
      `${held} bytes that have to be in memory at once, because it is progressive or interlaced`,
      `${MAX_HELD_BYTES} bytes`,
      'Send it scaled down, or as a baseline JPEG.'
    )
  return held
}

export function tooLarge(found: string, limit: string, hint = 'Send it scaled down.'): EdgeloopError {
  return new EdgeloopError('TOO_LARGE', `this photo has ${found}; the limit is ${limit}`, { hint })
}
