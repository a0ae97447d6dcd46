import sharp from 'sharp'
import type { Line } from '../terminal/index.ts'

/** Terminals below this depth show no photo that anybody would recognise. */
const ENOUGH_BITS = 8

/**
 * A photo as lines of half blocks: each sign shows two pixels, one above the other, which are about square that way.
 *
 * @param box the most columns and rows that it may take
 * @param depth bits a colour that the terminal shows: 8 or 24; fewer show nothing
 */
export async function drawPicture(
  photo: Uint8Array,
  box: { columns: number; rows: number },
  depth: number
): Promise<Line[]> {
  if (depth < ENOUGH_BITS || box.columns < 1 || box.rows < 1) return []
  const { data, info } = await sharp(photo, { autoOrient: true })
    .resize(box.columns, box.rows * 2, { fit: 'inside' })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const colour = (x: number, y: number) => {
    const at = (y * info.width + x) * info.channels
    // Grey photos have one channel.
    const [r, g, b] = info.channels >= 3 ? [0, 1, 2] : [0, 0, 0]
    const rgb = [data[at + r!]!, data[at + g!]!, data[at + b!]!]
    return depth >= 24 ? `2;${rgb.join(';')}` : `5;${indexedColour(rgb)}`
  }
  return Array.from({ length: Math.ceil(info.height / 2) }, (_, row) =>
    Array.from({ length: info.width }, (_, x) => {
      const above = `38;${colour(x, row * 2)}`
      const below = row * 2 + 1 < info.height ? `;48;${colour(x, row * 2 + 1)}` : ''
      return { text: '▀', style: above + below }
    })
  )
}

/** What a channel can be in the 216 colours that terminals with 256 colours share; 24 greys stand beside them. */
const LEVELS = [0, 95, 135, 175, 215, 255]
const GREYS = Array.from({ length: 24 }, (_, i) => 8 + i * 10)

/** The nearest colour of 256, cube or grey: photos have many greys, of which the cube has few. */
function indexedColour(rgb: readonly number[]): number {
  const [r, g, b] = rgb.map((value) => nearest(LEVELS, value)) as [number, number, number]
  const grey = nearest(GREYS, (rgb[0]! + rgb[1]! + rgb[2]!) / 3)
  const ofGrey = distance(rgb, Array(3).fill(GREYS[grey]))
  const ofCube = distance(
    rgb,
    [r, g, b].map((level) => LEVELS[level]!)
  )
  return ofGrey < ofCube ? 232 + grey : 16 + 36 * r + 6 * g + b
}

function nearest(values: readonly number[], wanted: number): number {
  const distances = values.map((value) => Math.abs(value - wanted))
  return distances.indexOf(Math.min(...distances))
}

const distance = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0)
