/**
 * What a bundle's modules find beside themselves when they run.
 * @module
 */
import { copyFile, readdir } from 'node:fs/promises'
import path from 'node:path'

/**
 * The threads that modules start: `NAME.worker.ts` beside one of them.
 * @param inputs paths of bundled modules, from the current directory
 * @returns the files, by the names that their JavaScript gets
 */
export async function workersBeside(inputs: readonly string[]): Promise<Record<string, string>> {
  const own = inputs.filter((input) => !input.includes('node_modules/'))
  const found = await beside(own, '.worker.ts')
  return Object.fromEntries(found.map((file) => [path.basename(file, '.ts'), file]))
}

/** Copies the WebAssembly that packages load from where they are. */
export async function copyWebAssembly(inputs: readonly string[], directory: string): Promise<void> {
  const packages = inputs.filter((input) => input.includes('node_modules/'))
  for (const file of await beside(packages, '.wasm'))
    await copyFile(file, path.join(directory, path.basename(file)))
}

async function beside(inputs: readonly string[], ending: string): Promise<string[]> {
  const folders = new Set(inputs.filter((input) => !input.includes(':')).map((input) => path.dirname(input)))
  const found = await Promise.all(
    [...folders].map(async (folder) =>
      (await readdir(folder)).flatMap((file) => (file.endsWith(ending) ? path.resolve(folder, file) : []))
    )
  )
  return found.flat()
}
