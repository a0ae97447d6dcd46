import { cp } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle as bundleProcesses } from '../../templates/node-typescript/bundle/index.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface BundleOptions {
  /** TypeScript files of processes, by the name that their JavaScript gets. */
  processes: Readonly<Record<string, string>>
  /** The handler that takes the place of the template's `./function/handler.ts`. */
  handler?: string
  /** Where it all goes. */
  directory: string
  /** Whether the backbone of this repository comes along; only training begins with it. */
  backbone?: boolean
}

/** As the template's image does it, from this repository's packages. */
export async function bundle({ backbone, ...options }: BundleOptions): Promise<void> {
  await bundleProcesses({ ...options, modules: [path.join(root, 'node_modules')] })
  if (backbone)
    await cp(
      path.join(root, 'lib/backbone/efficientnet-lite0'),
      path.join(options.directory, 'efficientnet-lite0'),
      { recursive: true }
    )
}
