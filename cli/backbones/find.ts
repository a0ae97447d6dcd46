import { stat } from 'node:fs/promises'
import path from 'node:path'
import { openBackbone, topologyOf } from '../../lib/backbone/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { listBackbones } from './list.ts'

/**
 * The folder of a backbone, which is whole, and of a network that this program can build.
 *
 * @param given the name of the built-in backbone or of an added one, or a folder
 * @param folder where added ones are
 * @param cwd what a relative folder is meant from
 * @throws EdgeloopError NOT_FOUND with those that there are, CORRUPT when it is damaged, INVALID_INPUT for another network
 */
export async function findBackbone(given: string, folder: string, cwd: string): Promise<string> {
  const listed = await listBackbones(folder)
  const directory = listed.find(({ name }) => name === given)?.directory ?? path.resolve(cwd, given)
  if (!(await stat(directory).catch(() => undefined)))
    throw new EdgeloopError('NOT_FOUND', `there is no backbone '${given}'`, {
      where: '--backbone',
      hint:
        `There are: ${listed.map(({ name }) => name).join(', ')}. ` +
        'Add Xception with: npx edgeloop backbone add xception',
    })
  topologyOf((await openBackbone(directory)).manifest)
  return directory
}
