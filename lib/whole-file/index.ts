/**
 * Files that are there whole, or as they were.
 * @module
 */
import { chmod, rename, writeFile } from 'node:fs/promises'

/**
 * Writes a file: readers see the old one or the new one, never half of it, also after the process was killed. What it holds is on
 * disk when this resolves; its name is with the next sync of its directory.
 *
 * @param file in a directory that is there; nobody else may write it at the same time
 * @param mode who may do what with it, whatever the umask; as usual when absent
 */
export async function writeWhole(file: string, content: Uint8Array | string, mode?: number): Promise<void> {
  const draft = `${file}.part`
  await writeFile(draft, content, { flush: true })
  if (mode !== undefined) await chmod(draft, mode)
  await rename(draft, file)
}
