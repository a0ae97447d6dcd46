import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A directory of its own, gone with `remove`. */
export async function temporaryDirectory(
  name: string
): Promise<{ directory: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(path.join(tmpdir(), `edgeloop-${name}-`))
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) }
}
