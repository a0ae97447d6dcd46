import sharp, { type Sharp } from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { decodePhoto } from '../photo-decoder/index.ts'
import { createRandom } from '../random/index.ts'
import { alignment, thumbnailOf } from './index.ts'

const SIDE = 256

/** A scene of many things in places that the seed decides. */
function scene(seed: string): Promise<Buffer> {
  const random = createRandom(seed)
  const things = Array.from({ length: 40 }, () => {
    const [x, y, r] = [random.integer(SIDE), random.integer(SIDE), random.between(5, 40)]
    return `<circle cx="${x}" cy="${y}" r="${r}" fill="hsl(${random.integer(360)}, 60%, ${random.integer(100)}%)"/>`
  })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">${things.join('')}</svg>`
  return sharp(Buffer.from(svg)).flatten().png().toBuffer()
}
const look = async (image: Buffer) => thumbnailOf(await decodePhoto(image, { size: 224 }))

describe('two photos', () => {
  let photo: Buffer
  beforeAll(async () => {
    photo = await scene('one')
  })

  it.each<[string, (image: Sharp) => Sharp]>([
    ['themselves', (image) => image],
    ['darker', (image) => image.linear(0.6, 0)],
    ['encoded poorly', (image) => image.jpeg({ quality: 30 })],
    ['cut', (image) => image.extract({ left: 30, top: 10, width: 208, height: 208 })],
    ['moved', (image) => image.extract({ left: 16, top: 0, width: 240, height: 256 }).extend({ right: 16 })],
  ])('agree where one is the other, %s', async (_, change) => {
    const changed = await change(sharp(photo)).toBuffer()
    const [a, b] = [await look(photo), await look(changed)]
    expect(alignment(a, b)).toBeGreaterThan(0.65)
    expect(alignment(b, a)).toBeCloseTo(alignment(a, b), 9)
  })

  it('do not agree where they show other things', async () => {
    const others = await Promise.all(Array.from({ length: 20 }, (_, i) => scene(`other ${i}`).then(look)))
    const own = await look(photo)
    for (const other of others) expect(alignment(own, other)).toBeLessThan(0.6)
  })

  it('that show nothing agree with nothing', async () => {
    const grey = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#888' } })
      .png()
      .toBuffer()
    expect(alignment(await look(grey), await look(grey))).toBe(0)
  })
})
