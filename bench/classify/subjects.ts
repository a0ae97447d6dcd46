import path from 'node:path'
import { defaultBackboneDir, importXception, readBackboneManifest } from '../../lib/backbone/index.ts'
import { isInstalled, type RuntimeName } from '../../lib/runtime/index.ts'

/** A backbone on a runtime. */
export interface Subject {
  backbone: string
  runtime: RuntimeName
  /** Where the backbone is. */
  directory: string
  /** Its pixels a side. */
  inputSize: number
  /** How many numbers it gives for a photo. */
  featureSize: number
}

/**
 * Every backbone on every runtime that is installed.
 *
 * @param xception a file with Xception's weights; without one it is left out
 * @param workplace where it can be put
 */
export async function findSubjects(xception: string | undefined, workplace: string): Promise<Subject[]> {
  const directories = [defaultBackboneDir]
  if (xception) {
    const directory = path.join(workplace, 'xception')
    await importXception({ file: xception, into: directory })
    directories.push(directory)
  }
  const runtimes = (['tfjs-node', 'wasm'] as const).filter(isInstalled)
  const subjects = directories.map(async (directory) => {
    const { name, inputSize, featureSize } = await readBackboneManifest(directory)
    return runtimes.map((runtime) => ({ backbone: name, runtime, directory, inputSize, featureSize }))
  })
  return (await Promise.all(subjects)).flat()
}
