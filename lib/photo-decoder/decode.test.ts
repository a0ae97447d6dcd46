import { crc32 } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import { describe, expect, it } from 'vitest'
import { decodePhoto } from './index.ts'

/** Left half red, right half blue, with noise-free flat colours. */
const halves = (width = 64, height = 32): Sharp =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
        <rect width="100%" height="100%" fill="#f00"/><rect x="50%" width="50%" height="100%" fill="#00f"/></svg>`
    )
  ).removeAlpha()
const noise = () =>
  sharp({
    create: {
      width: 300,
      height: 200,
      channels: 3,
      background: '#000',
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
    },
  })
const colour = (channels: 3 | 4, background: string | { r: number; g: number; b: number; alpha: number }) =>
  sharp({ create: { width: 10, height: 10, channels, background } })
const decode = (bytes: Uint8Array, size = 8) => decodePhoto(bytes, { size })
/** Red, green and blue at a place of the result. */
const at = ({ pixels, size }: { pixels: Uint8Array; size: number }, x: number, y: number) => [
  ...pixels.subarray((y * size + x) * 3, (y * size + x) * 3 + 3),
]

describe('decoding a photo', () => {
  it.each(['jpeg', 'png', 'webp'] as const)('takes %s', async (format) => {
    const photo = await decode(await noise().toFormat(format).toBuffer(), 20)
    expect(photo).toMatchObject({ size: 20, width: 300, height: 200, mediaType: `image/${format}` })
    expect(photo.pixels).toHaveLength(20 * 20 * 3)
    expect(photo.pixels.buffer.byteLength).toBe(20 * 20 * 3)
  })

  it('fills the square with the middle', async () => {
    const photo = await decode(await halves(64, 16).png().toBuffer(), 8)
    expect(at(photo, 0, 0)).toEqual([255, 0, 0])
    expect(at(photo, 7, 7)).toEqual([0, 0, 255])
    const [red, , blue] = at(photo, 3, 4)
    expect(red).toBeGreaterThan(blue!)
  })

  it('holds it upright, as EXIF says', async () => {
    const bytes = await halves(64, 64)
      .withMetadata({ orientation: 6 })
      .jpeg({ chromaSubsampling: '4:4:4' })
      .toBuffer()
    const photo = await decode(bytes)
    // Turned clockwise by a quarter: what was left is on top.
    expect(at(photo, 7, 0)[0]).toBeGreaterThan(240)
    expect(at(photo, 0, 7)[2]).toBeGreaterThan(240)
    const wide = await decode(await halves(64, 16).withMetadata({ orientation: 8 }).jpeg().toBuffer())
    expect(wide).toMatchObject({ width: 16, height: 64 })
  })

  it.each([
    ['transparent', colour(4, { r: 255, g: 0, b: 0, alpha: 0 }).png(), [255, 255, 255]],
    ['half transparent', colour(4, { r: 255, g: 0, b: 0, alpha: 0.5 }).png(), [255, 127, 127]],
    ['grey', colour(3, '#808080').greyscale().png(), [128, 128, 128]],
    ['palette', colour(3, '#336699').png({ palette: true }), [0x33, 0x66, 0x99]],
    ['16-bit', colour(3, '#336699').toColourspace('rgb16').png(), [0x33, 0x66, 0x99]],
    ['CMYK', colour(3, '#ffffff').toColourspace('cmyk').jpeg(), [255, 255, 255]],
  ])('makes sRGB from %s', async (_, image, expected) => {
    const found = at(await decode(await image.toBuffer()), 4, 4)
    for (const [i, value] of expected.entries()) expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(2)
  })

  it('takes the first frame of an animation', async () => {
    const frames = await Promise.all(['#f00', '#00f'].map((name) => colour(3, name).png().toBuffer()))
    const animation = await sharp(frames, { join: { animated: true } })
      .webp({ lossless: true })
      .toBuffer()
    const photo = await decode(animation)
    expect(photo).toMatchObject({ width: 10, height: 10 })
    expect(at(photo, 4, 4)).toEqual([255, 0, 0])
  })

  it('takes bytes in the middle of a larger buffer', async () => {
    const png = await colour(3, '#123456').png().toBuffer()
    const larger = new Uint8Array(png.length + 20)
    larger.set(png, 10)
    expect(at(await decode(larger.subarray(10, -10)), 0, 0)).toEqual([0x12, 0x34, 0x56])
  })

  it('takes a JPEG with stray bytes, as cheap cameras send them', async () => {
    const jpeg = await noise().jpeg().toBuffer()
    await decode(
      Buffer.concat([jpeg.subarray(0, -2), Buffer.from([0x12, 0x34]), jpeg.subarray(-2), Buffer.alloc(99)])
    )
  })
})

const FULL = { alpha: true, depth: 16, interlaced: true }

/** The start of a PNG with a header of our choice. PNG 1.2, section 4.1.1 */
async function png(width: number, height: number, { alpha = false, depth = 8, interlaced = false } = {}) {
  const bytes = await noise().png().toBuffer()
  bytes.writeUInt32BE(width, 16)
  bytes.writeUInt32BE(height, 20)
  bytes[24] = depth
  bytes[25] = alpha ? 6 : 2
  bytes[28] = Number(interlaced)
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29)
  return bytes.subarray(0, 100)
}

/** The start of a progressive JPEG with a size of our choice in its frame header. ITU T.81, section B.2.2 */
async function progressive(width: number, height: number) {
  const bytes = await noise().jpeg({ progressive: true }).toBuffer()
  const frame = bytes.indexOf('ffc2', 'hex')
  bytes.writeUInt16BE(height, frame + 5)
  bytes.writeUInt16BE(width, frame + 7)
  return bytes.subarray(0, bytes.length / 2)
}

describe('photos that are refused', () => {
  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
    ['a GIF', 'GIF89a'],
    ['another RIFF', 'RIFF\0\0\0\0WAVEfmt '],
  ])('for what they are: %s', async (_, text) => {
    await expect(decode(Buffer.from(text))).rejects.toMatchObject({ code: 'UNSUPPORTED_MEDIA', status: 415 })
  })

  it.each(['jpeg', 'png', 'webp'] as const)('because %s is cut short', async (format) => {
    const bytes = await noise().toFormat(format).toBuffer()
    for (const share of [0.01, 0.1, 0.5, 0.9, 0.99]) {
      const attempt = decode(bytes.subarray(0, bytes.length * share))
      await expect(attempt, `${share}`).rejects.toMatchObject({
        code: 'UNPROCESSABLE',
        message: expect.stringMatching(/^this photo cannot be decoded: .+/),
      })
    }
  })

  it('because a progressive JPEG is cut short', async () => {
    const bytes = await noise().jpeg({ progressive: true }).toBuffer()
    await expect(decode(bytes.subarray(0, -100))).rejects.toMatchObject({ code: 'UNPROCESSABLE' })
  })

  it('because a PNG is broken in the middle', async () => {
    const bytes = await noise().png().toBuffer()
    const middle = Math.floor(bytes.length / 2)
    bytes.fill(0xa5, middle, middle + 50)
    await expect(decode(bytes)).rejects.toMatchObject({ code: 'UNPROCESSABLE', status: 422 })
  })

  it('for their bytes', async () => {
    const bytes = await noise().png().toBuffer()
    const options = { size: 8, limits: { bytes: bytes.length - 1 } }
    await expect(decodePhoto(bytes, options)).rejects.toMatchObject({ code: 'TOO_LARGE', status: 413 })
    await decodePhoto(bytes, { size: 8, limits: { bytes: bytes.length } })
  })

  it('for their pixels, which the header tells', async () => {
    const bytes = await noise().png().toBuffer()
    const attempt = decodePhoto(bytes, { size: 8, limits: { pixels: 300 * 200 - 1 } })
    await expect(attempt).rejects.toMatchObject({
      code: 'TOO_LARGE',
      message: 'this photo has 300 x 200 pixels; the limit is 59999 pixels',
    })
    await decodePhoto(bytes, { size: 8, limits: { pixels: 300 * 200 } })
    // A header alone is enough: there is nothing here to decode.
    bytes.writeUInt32BE(12_000, 16)
    bytes.writeUInt32BE(12_000, 20)
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29)
    await expect(decode(bytes.subarray(0, 100))).rejects.toMatchObject({ code: 'TOO_LARGE' })
  })

  // What is in range gets as far as being found cut short: there is nothing behind these headers.
  it.each([
    ['12 megapixels of a progressive JPEG', progressive(4000, 3000), 'UNPROCESSABLE'],
    ['50 megapixels of a progressive JPEG', progressive(8192, 6144), 'UNPROCESSABLE'],
    ['100 megapixels of a progressive JPEG', progressive(10_000, 10_000), 'TOO_LARGE'],
    ['100 megapixels of PNG', png(9990, 9990, { alpha: true }), 'UNPROCESSABLE'],
    ['50 megapixels with 16 bits and alpha', png(8192, 6144, { alpha: true, depth: 16 }), 'UNPROCESSABLE'],
    ['100 megapixels with 16 bits', png(9990, 9990, { depth: 16 }), 'TOO_LARGE'],
    ['50 megapixels interlaced', png(8192, 6144, { interlaced: true }), 'UNPROCESSABLE'],
    ['12 megapixels of everything', png(4000, 3000, { ...FULL }), 'UNPROCESSABLE'],
    ['50 megapixels of everything', png(8192, 6144, { ...FULL }), 'TOO_LARGE'],
    ['100 megapixels interlaced', png(9990, 9990, { interlaced: true, alpha: true }), 'TOO_LARGE'],
  ])('for what decoding would take, or not: %s', async (_what, bytes, code) => {
    await expect(decode(await bytes)).rejects.toMatchObject({ code })
  })

  it('with a reason and a way out', async () => {
    await expect(decode(await png(9990, 9990, { depth: 16 }))).rejects.toMatchObject({
      message: 'this photo has 598800600 bytes once it is decoded; the limit is 419430400 bytes',
      hint: 'Send it scaled down.',
    })
    await expect(decode(await progressive(10_000, 10_000))).rejects.toMatchObject({
      message: expect.stringMatching(/^this photo has 600000000 bytes .* because it is progressive/),
      hint: 'Send it scaled down, or as a baseline JPEG.',
    })
  })
})
