import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'

/** What images were built for, by their names, so that a deploy can tell: Kubernetes' words, such as `arm64`. */
const record = z.record(z.string(), z.array(z.string()))

const fileOf = (directory: string) => path.join(directory, '.edgeloop', 'images.json')

export async function readBuiltImages(directory: string): Promise<Record<string, string[]>> {
  const text = await readFile(fileOf(directory), 'utf8').catch(() => '{}')
  try {
    return record.parse(JSON.parse(text))
  } catch {
    // It only helps to refuse what no node can run.
    return {}
  }
}

/** @param platforms as docker names them: `linux/arm64` */
export async function keepBuiltImages(
  directory: string,
  images: readonly string[],
  platforms: readonly string[]
): Promise<void> {
  const architectures = platforms.map((platform) => platform.split('/')[1] ?? platform)
  const known = await readBuiltImages(directory)
  for (const image of images) known[image] = architectures
  await mkdir(path.dirname(fileOf(directory)), { recursive: true })
  await writeFile(fileOf(directory), `${JSON.stringify(known, null, 2)}\n`)
}
