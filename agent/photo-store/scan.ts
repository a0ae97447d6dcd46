import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isHash, temporaryDirectory } from './layout.ts'

const FOLDER = /^[0-9a-f]{2}$/

async function folders(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() && FOLDER.test(entry.name))
    .map(({ name }) => join(directory, name))
}

/** Prepares the directory, removes what a crash left half written, and counts the photos there are. */
export async function scan(directory: string): Promise<{ count: number; bytes: number }> {
  await rm(temporaryDirectory(directory), { recursive: true, force: true })
  await mkdir(temporaryDirectory(directory), { recursive: true })
  let count = 0
  let bytes = 0
  for (const first of await folders(directory)) {
    for (const second of await folders(first)) {
      const photos = (await readdir(second)).filter(isHash)
      const sizes = await Promise.all(photos.map(async (name) => (await stat(join(second, name))).size))
      count += sizes.length
      for (const size of sizes) bytes += size
    }
  }
  return { count, bytes }
}
