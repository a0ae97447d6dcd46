import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isHash, temporaryDirectory } from './layout.ts'

const FOLDER = /^[0-9a-f]{2}$/

/** The photos in the directory, a folder at a time. */
async function* photosIn(directory: string): AsyncGenerator<{ folder: string; hashes: string[] }> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isDirectory() || !FOLDER.test(entry.name)) continue
    const folder = join(directory, entry.name)
    yield { folder, hashes: (await readdir(folder)).filter(isHash) }
  }
}

/** The names of all photos in the directory, whole or not; none where there is no such directory. */
export async function listPhotos(directory: string): Promise<string[]> {
  const all: string[] = []
  await mkdir(directory, { recursive: true })
  for await (const { hashes } of photosIn(directory)) all.push(...hashes)
  return all
}

/**
 * Prepares the directory, removes what a crash left half written, and counts the photos there are.
 * @param keeps says which photos stay: any other was stored a moment before a crash and nobody was told, or was removed
 *   and came back with a power cut
 */
export async function scan(
  directory: string,
  keeps: (hash: string) => boolean
): Promise<{ count: number; bytes: number }> {
  await rm(temporaryDirectory(directory), { recursive: true, force: true })
  await mkdir(temporaryDirectory(directory), { recursive: true })
  const total = { count: 0, bytes: 0 }
  async function look(file: string, hash: string): Promise<void> {
    if (!keeps(hash)) {
      await rm(file)
      return
    }
    const { size } = await stat(file)
    total.count++
    total.bytes += size
  }
  for await (const { folder, hashes } of photosIn(directory))
    await Promise.all(hashes.map((hash) => look(join(folder, hash), hash)))
  return total
}
