import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type BuildOptions, build, type Metafile } from 'esbuild'
import { copyPages, copyWebAssembly, workersBeside } from './companions.ts'
import { handlerPlugin } from './handler-plugin.ts'
import { copyPackages } from './packages.ts'

export interface BundleOptions {
  /** TypeScript files of processes, by the name that their JavaScript gets. */
  processes: Readonly<Record<string, string>>
  /** The handler that takes the place of the template's `./function/handler.ts`. */
  handler?: string
  /** Where it all goes. */
  directory: string
  /** Where packages are installed, the first one first. */
  modules: readonly string[]
  /** Packages that are copied and not bundled, beside the usual ones with native code. */
  external?: readonly string[]
}

/** Packages with native code: what runs is chosen by the machine that they are installed on. */
const NATIVE = ['sharp', 'lmdb', 'better-sqlite3', '@tensorflow/tfjs-node', 'onnxruntime-node']

/** Packages in CommonJS ask for Node's own modules with `require`, and for where they are. */
const COMMONJS = [
  "import { createRequire as bundledRequire } from 'node:module'",
  'const require = bundledRequire(import.meta.url)',
  'const __dirname = import.meta.dirname',
].join('\n')

/**
 * Makes a JavaScript file for each process, what they share, the workers, pages and WebAssembly that lie beside what is
 * bundled, and the packages that cannot be.
 */
export async function bundle(options: BundleOptions): Promise<void> {
  const { processes, handler, directory, modules, external = [] } = options
  const settings = {
    outdir: directory,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    minifySyntax: true,
    // A comment with one character beyond Latin-1 makes Node hold all of the file in twice the memory. Lines stay short, because
    // Node shows the one that threw.
    minifyWhitespace: true,
    lineLimit: 160,
    legalComments: 'none',
    external: [...NATIVE, ...external],
    metafile: true,
    logLevel: 'error',
    plugins: [handlerPlugin(handler)],
    banner: { js: COMMONJS },
  } satisfies BuildOptions
  const looked = await build({ ...settings, entryPoints: { ...processes }, write: false })
  const workers = await workersBeside(Object.keys(looked.metafile.inputs))
  const { metafile } = await build({ ...settings, entryPoints: { ...processes, ...workers } })
  await writeFile(path.join(directory, 'package.json'), JSON.stringify({ type: 'module', private: true }))
  await copyPackages(externalsOf(metafile, settings.external), modules, path.join(directory, 'node_modules'))
  await copyPages(Object.keys(metafile.inputs), directory)
  await copyWebAssembly(Object.keys(metafile.inputs), directory)
}

/** What is needed of the packages that were left out. */
function externalsOf({ outputs }: Metafile, names: readonly string[]): string[] {
  const imported = Object.values(outputs).flatMap(({ imports }) =>
    imports.flatMap((one) => (one.external ? one.path : []))
  )
  return names.filter((name) => imported.some((each) => each === name || each.startsWith(`${name}/`)))
}
