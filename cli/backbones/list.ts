import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { type BackboneManifest, defaultBackboneDir, readBackboneManifest } from '../../lib/backbone/index.ts'
import { asEdgeloopError } from '../../lib/errors/index.ts'

/** A backbone of this machine, or what cannot be read of one. */
export interface Listed {
  name: string
  directory: string
  builtIn: boolean
  manifest?: BackboneManifest
  /** Why there is no manifest. */
  broken?: string
}

/**
 * The built-in backbone, then those in the folder by name. A backbone is found by the name of its folder.
 * @param folder need not exist
 */
export async function listBackbones(folder: string): Promise<Listed[]> {
  const builtIn = await readBackboneManifest(defaultBackboneDir)
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  // What begins with a dot is being made.
  const names = entries
    .filter((entry) => !entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
  return [
    { name: builtIn.name, directory: defaultBackboneDir, builtIn: true, manifest: builtIn },
    ...(await Promise.all(names.sort().map((name) => read(name, path.join(folder, name))))),
  ]
}

async function read(name: string, directory: string): Promise<Listed> {
  const listed = { name, directory, builtIn: false }
  try {
    return { ...listed, manifest: await readBackboneManifest(directory) }
  } catch (thrown) {
    return { ...listed, broken: asEdgeloopError(thrown).message }
  }
}
