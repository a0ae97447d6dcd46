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
  const waiting = names.map((name) => ({ name, places: modules }))
  const done = new Set<string>()
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const found = await find(next.name, next.places)
    if (!found || done.has(found.folder)) continue
    done.add(found.folder)
    const { name, folder, manifest } = found
    // One that lies in another one's folder comes along with that.
    if (modules.includes(found.directory)) {
      await mkdir(path.dirname(path.join(target, name)), { recursive: true })
      // Links stay as they are: where they point to now is not in the image.
      await cp(folder, path.join(target, name), { recursive: true, verbatimSymlinks: true })
    }
    const { dependencies = {}, optionalDependencies = {} } = manifest
    const places = [...inside(folder, modules), ...modules]
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies }))
      waiting.push({ name: needed, places })
  }
}

interface Installed {
  name: string
  /** The `node_modules` that it is in. */
  directory: string
  folder: string
  manifest: { dependencies?: object; optionalDependencies?: object }
}

async function find(name: string, directories: readonly string[]): Promise<Installed | undefined> {
  for (const directory of directories) {
    const folder = path.join(directory, name)
    const text = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => undefined)
    if (text !== undefined) return { name, directory, folder, manifest: JSON.parse(text) }
  }
  return undefined
}

/** Where Node looks first for what a package needs: beside what is in the same package, from the inside out. */
function inside(folder: string, modules: readonly string[]): string[] {
  const found: string[] = []
  for (let at = folder; !modules.includes(at) && at !== path.dirname(at); at = path.dirname(at))
    if (path.basename(at) !== 'node_modules') found.push(path.join(at, 'node_modules'))
  return found.filter((directory) => !modules.includes(directory))
}
