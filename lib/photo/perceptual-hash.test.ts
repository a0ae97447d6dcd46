import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { decodePhoto } from '../photo-decoder/index.ts'
import { hammingDistance, perceptualHash, photoHash } from './index.ts'

const hash = async (bytes: Uint8Array) => perceptualHash(await decodePhoto(bytes, { size: 224 }))
/** Circles in places and colours that the seed decides. */
const scene = (seed: number) => {
  const draw = (i: number) => createHash('sha256').update(`${seed}/${i}`).digest()
  const circles = Array.from({ length: 12 }, (_, i) => {
    const [x, y, r, red, green, blue] = draw(i)
    return `<circle cx="${x! * 2}" cy="${y! * 1.5}" r="${20 + r! / 4}" fill="rgb(${red},${green},${blue})"/>`
  })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="512" height="384">${circles.join('')}</svg>`
  return sharp(Buffer.from(svg)).flatten({ background: '#888' })
}

describe('a perceptual hash', () => {
  it('hardly changes when a photo is scaled, compressed, lit or blurred', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const original = await hash(await scene(seed).png().toBuffer())
      expect(original).toMatch(/^[0-9a-f]{16}$/)
      const variants = [
        scene(seed).jpeg({ quality: 40 }),
        scene(seed).resize(200).jpeg(),
        scene(seed).modulate({ brightness: 0.8 }).png(),
        scene(seed).blur(2).webp(),
      ]
      for (const variant of variants) {
        expect(hammingDistance(original, await hash(await variant.toBuffer()))).toBeLessThanOrEqual(6)
      }
    }
  })

  it('tells different photos apart', async () => {
    const hashes = await Promise.all(
      [0, 1, 2, 3, 4, 5].map(async (seed) => hash(await scene(seed).png().toBuffer()))
    )
    for (const [i, a] of hashes.entries()) {
      for (const b of hashes.slice(i + 1)) expect(hammingDistance(a, b)).toBeGreaterThan(12)
    }
  })

  it('exists for a photo of one colour', async () => {
    const plain = { create: { width: 40, height: 40, channels: 3, background: '#abc' } } as const
    expect(await hash(await sharp(plain).png().toBuffer())).toMatch(/^[0-9a-f]{16}$/)
  })

  it('wants all the pixels it is told of', () => {
    expect(() => perceptualHash({ pixels: new Uint8Array(100), size: 32 })).toThrow(/at least 32 x 32/)
    expect(() => perceptualHash({ pixels: new Uint8Array(16 * 16 * 3), size: 16 })).toThrow(
      /at least 32 x 32/
    )
  })
})

describe('the Hamming distance', () => {
  it.each([
    ['0000000000000000', '0000000000000000', 0],
    ['0000000000000000', 'ffffffffffffffff', 64],
    ['8000000000000001', '0000000000000000', 2],
    ['00000000000000ff', '000000000000000f', 4],
  ])('of %s and %s is %i', (a, b, distance) => {
    expect(hammingDistance(a, b)).toBe(distance)
    expect(hammingDistance(b, a)).toBe(distance)
  })

  it.each(['', 'ff', '000000000000000g', '00000000000000000'])('of %j is refused', (text) => {
    expect(() => hammingDistance(text, '0000000000000000')).toThrow(/not a perceptual hash/)
  })
})

it("a photo's name is the SHA-256 of its bytes", () => {
  expect(photoHash(Buffer.from('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  )
})

const photos = fileURLToPath(new URL('../../../shared/photos/cat/', import.meta.url))
describe.skipIf(!existsSync(photos))('perceptual hashes of real photos (../shared/photos)', () => {
  it('differ, and survive being compressed again', async () => {
    const files = (await readdir(photos)).slice(0, 40)
    const bytes = await Promise.all(files.map((file) => readFile(join(photos, file))))
    const hashes = await Promise.all(bytes.map(hash))
    for (const [i, a] of hashes.entries()) {
      const again = await hash(await sharp(bytes[i]).resize(180).jpeg({ quality: 60 }).toBuffer())
      expect(hammingDistance(a, again)).toBeLessThanOrEqual(8)
      for (const b of hashes.slice(i + 1)) expect(hammingDistance(a, b)).toBeGreaterThan(8)
    }
  })
})
