import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Plugin } from 'esbuild'

/**
 * Finds a function's handler, and what it imports from outside of its folder: faas-cli copies what `configuration.copy`
 * of stack.yml names into that folder, so that `../../lib/x.ts` is at `lib/x.ts`.
 *
 * @param handler takes the place of the template's `./function/handler.ts`
 */
export function handlerPlugin(handler?: string): Plugin {
  return {
    name: 'handler',
    setup(build) {
      build.onResolve({ filter: /^\.\/function\/handler\.ts$/ }, () =>
        handler ? { path: handler } : undefined
      )
      build.onResolve({ filter: /^\.\.\// }, ({ path: imported, importer, resolveDir }) => {
        const folder = folderOf(importer)
        if (folder === undefined || existsSync(path.resolve(resolveDir, imported))) return undefined
        const copied = path.join(folder, imported.replace(/^(\.\.\/)+/, ''))
        return existsSync(copied) ? { path: copied } : undefined
      })
    },
  }
}

/** The folder `function` that a file is in. */
function folderOf(file: string): string | undefined {
  return /^(.*\/function)\//.exec(file.replaceAll('\\', '/'))?.[1]
}
