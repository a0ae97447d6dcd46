import sharp from 'sharp'
import type { Random } from '../../lib/random/index.ts'
import { isAnimal, type Sources } from './sources.ts'

/** A picture that shows none of the labels. */
export interface ForeignPhoto {
  kind: 'object' | 'animal' | 'scene'
  source: string
  bytes: Buffer
}

const [WIDTH, HEIGHT] = [320, 240]
/** How often each stamp is pasted, each time on another part of another scene. */
const TIMES = 2
/** Parts of each scene without a stamp. */
const PARTS = 4

/** Photos as a camera of 320 × 240 pixels would take them, of what it was not meant to see. */
export async function* foreignPhotos(sources: Sources, random: Random): AsyncGenerator<ForeignPhoto> {
  const scenes = await Promise.all(
    sources.scenes.flatMap(({ name, files }) =>
      files.map(async (file) => ({ source: name, bytes: await wallpaper(file) }))
    )
  )
  for (const { source, bytes } of scenes)
    for (let i = 0; i < PARTS; i++) yield { kind: 'scene', source, bytes: await partOf(bytes, random) }
  for (const file of sources.others.files)
    yield { kind: 'scene', source: sources.others.name, bytes: await alone(file) }
  for (const file of sources.stamps.files) {
    const kind = isAnimal(file) ? 'animal' : 'object'
    for (let i = 0; i < TIMES; i++) {
      const scene = await partOf(random.pick(scenes).bytes, random)
      yield { kind, source: sources.stamps.name, bytes: await pasted(file, scene, random) }
    }
  }
}

const [WALL_WIDTH, WALL_HEIGHT] = [1200, 900]

function wallpaper(file: string): Promise<Buffer> {
  const options = { width: WALL_WIDTH, height: WALL_HEIGHT, fit: 'cover' } as const
  return sharp(file, { limitInputPixels: false }).resize(options).removeAlpha().png().toBuffer()
}

function partOf(scene: Buffer, random: Random): Promise<Buffer> {
  const width = 400 + random.integer(WALL_WIDTH - 400 + 1)
  const height = Math.floor((width * 3) / 4)
  const [left, top] = [random.integer(WALL_WIDTH - width + 1), random.integer(WALL_HEIGHT - height + 1)]
  return sharp(scene)
    .extract({ left, top, width, height })
    .resize(WIDTH, HEIGHT)
    .jpeg({ quality: 85 })
    .toBuffer()
}

function alone(file: string): Promise<Buffer> {
  const inside = { width: WIDTH, height: HEIGHT, fit: 'inside' } as const
  return sharp(file).resize(inside).flatten().toColourspace('srgb').jpeg({ quality: 85 }).toBuffer()
}

/** Half to nearly all of the height. */
async function pasted(stamp: string, scene: Buffer, random: Random): Promise<Buffer> {
  const side = Math.floor(HEIGHT * random.between(0.5, 0.95))
  const { data, info } = await sharp(stamp)
    .resize(side, side, { fit: 'inside' })
    .png()
    .toBuffer({ resolveWithObject: true })
  const [left, top] = [random.integer(WIDTH - info.width + 1), random.integer(HEIGHT - info.height + 1)]
  return sharp(scene)
    .composite([{ input: data, left, top }])
    .jpeg({ quality: 85 })
    .toBuffer()
}
