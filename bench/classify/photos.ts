import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import sharp from 'sharp'
import { createDemoCamera } from '../../platform/demo-camera/index.ts'

/**
 * Photos as a camera sends them: JPEGs of this size, each of them another one.
 *
 * @param directory of photos that they are made from; where it is not there, the demo camera draws them
 */
export async function jpegs(
  count: number,
  { directory, width, height }: { directory: string; width: number; height: number }
): Promise<Buffer[]> {
  const source = existsSync(directory) ? await fromFolder(directory, count) : await drawn(count)
  return Promise.all(
    source.map((image) =>
      sharp(image).resize(width, height, { fit: 'cover' }).jpeg({ quality: 85 }).toBuffer()
    )
  )
}

async function fromFolder(directory: string, count: number): Promise<string[]> {
  const files = (await readdir(directory, { recursive: true }))
    .filter((file) => /\.jpe?g$/i.test(file))
    .sort()
  if (files.length < count) throw new Error(`${directory} has ${files.length} JPEGs; ${count} are needed`)
  return files.slice(0, count).map((file) => path.join(directory, file))
}

async function drawn(count: number): Promise<Uint8Array[]> {
  const camera = createDemoCamera({ seed: 'bench' })
  const scenes = await Promise.all(Array.from({ length: count }, (_, i) => camera.scene(i)))
  return scenes.map(({ bytes }) => bytes)
}
