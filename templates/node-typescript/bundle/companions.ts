/**
 * What a bundle's modules find beside themselves when they run.
 * @module
 */
import { copyFile, cp, readdir } from 'node:fs/promises'
import path from 'node:path'

/**
 * The threads that modules start: `NAME.worker.ts` beside one of them.
 * @param inputs paths of bundled modules, from the current directory
 * @returns the files, by the names that their JavaScript gets
 */
export async function workersBeside(inputs: readonly string[]): Promise<Record<string, string>> {
  const found = await beside(inputs.filter(isOwn), '.worker.ts')
  return Object.fromEntries(found.map((file) => [path.basename(file, '.ts'), file]))
}

/** Copies the pages that modules serve: folders `NAME.page` beside one of them. */
export async function copyPages(inputs: readonly string[], directory: string): Promise<void> {
  for (const folder of await beside(inputs.filter(isOwn), '.page'))
    await cp(folder, path.join(directory, path.basename(folder)), { recursive: true })
}

/** Copies the WebAssembly that packages load from where they are. */
export async function copyWebAssembly(inputs: readonly string[], directory: string): Promise<void> {
  const packages = inputs.filter((input) => !isOwn(input))
  for (const file of await beside(packages, '.wasm'))
    await copyFile(file, path.join(directory, path.basename(file)))
}

const isOwn = (input: string) => !input.includes('node_modules/')

async function beside(inputs: readonly string[], ending: string): Promise<string[]> {
  const folders = new Set(inputs.filter((input) => !input.includes(':')).map((input) => path.dirname(input)))
  const found = await Promise.all(
    [...folders].map(async (folder) =>
      (await readdir(folder)).flatMap((file) => (file.endsWith(ending) ? path.resolve(folder, file) : []))
    )
  )
  return found.flat()
}
