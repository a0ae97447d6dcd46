import sharp from 'sharp'
import { createRandom } from '../../lib/random/index.ts'

/** A photo of coloured blocks, another one for each seed. */
export async function blockPhoto(
  seed: number | string,
  format: 'jpeg' | 'png' | 'webp' = 'jpeg',
  side = 96
): Promise<Uint8Array> {
  const random = createRandom(`photo ${seed}`)
  const blocks = 6
  const pixels = Buffer.from(Array.from({ length: blocks * blocks * 3 }, () => random.integer(256)))
  return sharp(pixels, { raw: { width: blocks, height: blocks, channels: 3 } })
    .resize(side, side, { kernel: 'nearest' })
    .toFormat(format)
    .toBuffer()
}
