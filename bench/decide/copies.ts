import sharp, { type Sharp } from 'sharp'
import type { Random } from '../../lib/random/index.ts'

export type CopyKind = 'crop' | 'exposure' | 're-encoding' | 'shift' | 'burst'

/** A near duplicate. */
export interface Copy {
  kind: CopyKind
  bytes: Buffer
}

/** Photos of the same moment, or the same file in another form, as cameras and people make them. */
export async function copiesOf(photo: Buffer, random: Random): Promise<Copy[]> {
  const { width, height } = await sharp(photo).metadata()
  const part = (share: number): Sharp => {
    const [w, h] = [Math.floor(width * share), Math.floor(height * share)]
    const [left, top] = [random.integer(width - w + 1), random.integer(height - h + 1)]
    return sharp(photo).extract({ left, top, width: w, height: h })
  }
  const shifted = () => {
    const [x, y] = [
      Math.floor(width * random.between(0.02, 0.08)),
      Math.floor(height * random.between(0.02, 0.08)),
    ]
    return sharp(photo)
      .extract({ left: x, top: y, width: width - x, height: height - y })
      .extend({ right: x, bottom: y, extendWith: 'mirror' })
  }
  const frame = () => {
    const light = [random.between(0.94, 1.06), random.between(-6, 6)] as const
    return part(random.between(0.95, 1))
      .linear(...light)
      .blur(random.between(0.4, 1))
  }
  const made: [CopyKind, Sharp, number][] = [
    ['crop', part(0.9), 85],
    ['crop', part(0.8), 85],
    ['exposure', sharp(photo).linear(1.3, 0), 85],
    ['exposure', sharp(photo).linear(0.7, 0), 85],
    ['exposure', sharp(photo).gamma(1.6), 85],
    ['re-encoding', sharp(photo), 40],
    ['re-encoding', sharp(photo).resize(Math.floor(width * 0.6)), 75],
    ['shift', shifted(), 85],
    ['burst', frame(), 85],
    ['burst', frame(), 85],
  ]
  return Promise.all(
    made.map(async ([kind, image, quality]) => ({ kind, bytes: await image.jpeg({ quality }).toBuffer() }))
  )
}
