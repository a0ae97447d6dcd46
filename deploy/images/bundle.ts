import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { resolve } = createRequire(import.meta.url)

/** Packages with native code: what runs is chosen by the machine that they are installed on. */
const NATIVE = ['sharp', 'lmdb']
/** Threads start from files of their own, beside whoever starts them. */
const THREADS = { 'runtime.worker': path.join(root, 'lib/runtime/runtime.worker.ts') }

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

/**
 * Makes what a container image holds beside Node: a JavaScript file for each process, what they share, their threads'
 * files, the weights and WebAssembly that they read, and the packages that cannot be bundled.
 */
export async function bundle(options: BundleOptions): Promise<void> {
  const { processes, handler, directory } = options
  const { metafile } = await build({
    entryPoints: { ...processes, ...THREADS },
    outdir: directory,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    minifySyntax: true,
    legalComments: 'none',
    external: NATIVE,
    metafile: true,
    logLevel: 'error',
    plugins: handler ? [handlerPlugin(handler)] : [],
    // Packages in CommonJS ask for Node's own modules with `require`, and for where they are.
    banner: {
      js: [
        "import { createRequire as edgeloopRequire } from 'node:module'",
        'const require = edgeloopRequire(import.meta.url)',
        'const __dirname = import.meta.dirname',
      ].join('\n'),
    },
  })
  await writeFile(path.join(directory, 'package.json'), JSON.stringify({ type: 'module', private: true }))
  const needed = new Set(
    Object.values(metafile.outputs).flatMap(({ imports }) =>
      imports.flatMap((one) => (one.external ? one.path : []))
    )
  )
  await copyPackages(
    NATIVE.filter((name) => needed.has(name)),
    path.join(directory, 'node_modules')
  )
  await copyWasm(directory)
  if (options.backbone) await copyBackbone(directory)
}

/** Puts a function's handler where the template's server looks for it. */
function handlerPlugin(handler: string): Plugin {
  return {
    name: 'handler',
    setup(build) {
      build.onResolve({ filter: /^\.\/function\/handler\.ts$/ }, () => ({ path: handler }))
    },
  }
}

/** With what they depend on, as far as it is installed: of native code only what suits this machine is. */
async function copyPackages(names: readonly string[], target: string): Promise<void> {
  const waiting = [...names]
  const done = new Set<string>()
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const from = path.join(root, 'node_modules', name)
    if (done.has(name)) continue
    done.add(name)
    const manifest = await readFile(path.join(from, 'package.json'), 'utf8').catch(() => undefined)
    if (manifest === undefined) continue
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(manifest) as Record<string, object>
    waiting.push(...Object.keys(dependencies), ...Object.keys(optionalDependencies))
    await mkdir(path.dirname(path.join(target, name)), { recursive: true })
    await cp(from, path.join(target, name), { recursive: true })
  }
}

async function copyWasm(directory: string): Promise<void> {
  const from = path.dirname(resolve('@tensorflow/tfjs-backend-wasm'))
  for (const file of await readdir(from))
    if (file.endsWith('.wasm')) await cp(path.join(from, file), path.join(directory, file))
}

async function copyBackbone(directory: string): Promise<void> {
  await cp(path.join(root, 'lib/backbone/efficientnet-lite0'), path.join(directory, 'efficientnet-lite0'), {
    recursive: true,
  })
}
