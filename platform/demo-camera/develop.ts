/**
 * From a drawing to a photo: what lens, sensor and compression do to it.
 * @module
 */
import sharp from 'sharp'
import { createRandom, type Random } from '../../lib/random/index.ts'

/** Drawing noise afresh for half a million numbers would take most of the time; a stretch of a long list will do. */
const NOISE_LENGTH = 1 << 16
let noise: Float32Array | undefined

function drawNoise(): Float32Array {
  const random = createRandom('sensor noise')
  return Float32Array.from({ length: NOISE_LENGTH }, () => random.normal())
}

/** How much light falls on each place: more on one side than on the other, and less towards the rim. */
function drawLight(width: number, height: number, random: Random): (x: number, y: number) => number {
  const direction = random.between(0, 2 * Math.PI)
  const slope = random.between(0, 0.3)
  const rim = random.between(0, 0.3)
  const half = Math.hypot(width, height) / 2
  return (x, y) => {
    const [right, down] = [(x - width / 2) / half, (y - height / 2) / half]
    const side = right * Math.cos(direction) + down * Math.sin(direction)
    return 1 + slope * side - rim * (right * right + down * down)
  }
}

/**
 * Light, exposure, colour cast and sensor noise, in place.
 * @param pixels RGB, 8 bits
 */
function expose(pixels: Uint8Array, width: number, random: Random): void {
  noise ??= drawNoise()
  const height = pixels.length / 3 / width
  const light = drawLight(width, height, random)
  const exposure = Math.exp(random.normal(0, 0.14))
  const gains = [0, 1, 2].map(() => exposure * Math.exp(random.normal(0, 0.08)))
  const grain = random.between(1, 6)
  let at = 0
  for (let y = 0; y < height; y++) {
    // Each line starts elsewhere in the noise, so that it does not repeat as a pattern.
    let grainAt = random.integer(NOISE_LENGTH)
    for (let x = 0; x < width; x++) {
      const here = light(x, y)
      for (let channel = 0; channel < 3; channel++, at++) {
        const value = pixels[at]! * gains[channel]! * here + grain * noise[grainAt]!
        pixels[at] = Math.max(0, Math.min(255, value))
        grainAt = (grainAt + 1) & (NOISE_LENGTH - 1)
      }
    }
  }
}

/** Below this a blur cannot be seen, and sharp takes none below 0.3. */
const LEAST_BLUR = 0.35

/** @returns a JPEG */
export async function develop(svg: string, random: Random): Promise<Uint8Array> {
  const blur = random.between(0, 0.9)
  const drawing = sharp(Buffer.from(svg)).removeAlpha()
  if (blur >= LEAST_BLUR) drawing.blur(blur)
  const { data, info } = await drawing.raw().toBuffer({ resolveWithObject: true })
  expose(data, info.width, random)
  return sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
    .jpeg({ quality: 40 + random.integer(50) })
    .toBuffer()
}
