import { cp, mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'

/**
 * Copies packages with what they depend on, as far as it is installed: of native code only what suits this machine is.
 *
 * @param modules folders that packages are installed in, the first one first
 */
export async function copyPackages(
  names: readonly string[],
  modules: readonly string[],
  target: string
): Promise<void> {
  const waiting = [...names]
  const done = new Set<string>()
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (done.has(name)) continue
    done.add(name)
    const found = await find(name, modules)
    if (!found) continue
    const { dependencies = {}, optionalDependencies = {} } = found.manifest
    waiting.push(...Object.keys(dependencies), ...Object.keys(optionalDependencies))
    await mkdir(path.dirname(path.join(target, name)), { recursive: true })
    await cp(found.folder, path.join(target, name), { recursive: true })
  }
}

interface Manifest {
  dependencies?: object
  optionalDependencies?: object
}

async function find(name: string, modules: readonly string[]) {
  for (const directory of modules) {
    const folder = path.join(directory, name)
    const text = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => undefined)
    if (text !== undefined) return { folder, manifest: JSON.parse(text) as Manifest }
  }
  return undefined
}
