import sharp from 'sharp'
import { decodePhoto } from '../../lib/photo-decoder/index.ts'
import { median } from '../median.ts'
import { type Row, row } from '../report.ts'
import { jpegs } from './photos.ts'

const WIDTH = 4000
const HEIGHT = 3000
const TIMES = 40

/** How long a large photo takes to become what a backbone takes, against sharp doing nothing else, in turn. */
export async function decoding(directory: string, sizes: readonly number[]): Promise<Row[]> {
  const [photo] = await jpegs(1, { directory, width: WIDTH, height: HEIGHT })
  const rows: Row[] = []
  for (const size of sizes) {
    const ours: number[] = []
    const alone: number[] = []
    for (let i = 0; i < TIMES; i++) {
      ours.push(await took(() => decodePhoto(photo!, { size })))
      alone.push(
        await took(() =>
          sharp(photo!)
            .resize(size, size, { fit: 'cover', kernel: 'lanczos3' })
            .removeAlpha()
            .raw()
            .toBuffer()
        )
      )
    }
    rows.push(
      row(`JPEG of ${WIDTH} x ${HEIGHT} to ${size} x ${size} pixels`, median(ours), 'ms', ['≤', 1.1], {
        name: 'sharp alone',
        value: median(alone),
      })
    )
  }
  return rows
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}
