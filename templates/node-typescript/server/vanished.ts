import { access, constants, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/**
 * When KubeEdge's edgecore restarts alone, running pods lose their secrets and their /tmp without noticing; a restart of
 * the container brings them back, and a health check that fails brings the restart.
 *
 * @returns names a file that was there when this was called and is not any more; undefined when all are
 */
export async function watchMounts(secrets: string): Promise<() => Promise<string | undefined>> {
  // What begins with two dots is how Kubernetes swaps them, and changes with each new value.
  const mounted = (await readdir(secrets).catch(() => [])).filter((name) => !name.startsWith('..'))
  const needed = [
    { file: tmpdir(), mode: constants.W_OK },
    ...mounted.map((name) => ({ file: path.join(secrets, name), mode: constants.R_OK })),
  ]
  return async () => {
    for (const { file, mode } of needed) {
      const there = await access(file, mode).then(
        () => true,
        () => false
      )
      if (!there) return file
    }
    return undefined
  }
}
