import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { PhotoSource } from './source.ts'

export interface ReplayOptions {
  /** The pause before each photo but the first, in milliseconds (0). */
  everyMs?: number
}

/**
 * Replays files in the order given, each read when it is its turn.
 * @throws EdgeloopError NOT_FOUND from the iteration, when a file cannot be read
 */
export async function* replayFiles(
  paths: Iterable<string>,
  { everyMs = 0 }: ReplayOptions = {}
): PhotoSource {
  let first = true
  for (const path of paths) {
    if (!first && everyMs > 0) await sleep(everyMs)
    first = false
    const bytes = await readFile(path).catch((cause) => {
      throw new EdgeloopError('NOT_FOUND', 'a photo to replay cannot be read', {
        where: path,
        hint: 'Check that the file is there and may be read.',
        cause,
      })
    })
    yield { bytes, name: basename(path) }
  }
}
