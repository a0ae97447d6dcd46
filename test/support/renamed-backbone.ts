import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { defaultBackboneDir } from '../../lib/backbone/index.ts'
import { BACKBONE_FILES } from '../../lib/registry/index.ts'
import { renamed } from './model-cache.ts'

/** Makes a folder with another backbone: the built-in one's weights under another name. Returns its hash. */
export async function renamedBackbone(directory: string, name: string): Promise<string> {
  const [weights, description] = BACKBONE_FILES
  const manifest = renamed(
    JSON.parse(await readFile(path.join(defaultBackboneDir, description), 'utf8')),
    name
  )
  await mkdir(directory, { recursive: true })
  await copyFile(path.join(defaultBackboneDir, weights), path.join(directory, weights))
  await writeFile(path.join(directory, description), JSON.stringify(manifest))
  return manifest.hash
}
