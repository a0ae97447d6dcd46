/** What the Dockerfile does, in the folder that faas-cli puts together; packages are those of this repository. */
import { cp, mkdir, readdir, symlink } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { buildContext } from '../../../cli/functions/build-context.ts'
import { readStack } from '../../../lib/stack/index.ts'
import { freePort } from '../../../platform/ports/index.ts'
import { temporaryDirectory } from '../../../test/support/index.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let child: ReturnType<typeof serve> | undefined

beforeEach(async () => {
  temporary = await temporaryDirectory('bundle')
})
afterEach(async () => {
  child?.kill('SIGKILL')
  await child
  await temporary.remove()
})

const serve = (directory: string, env: Record<string, string>) =>
  execa(process.execPath, ['main.js'], {
    cwd: directory,
    env,
    reject: false,
    buffer: false,
    stderr: 'inherit',
  })

/** @returns where the bundle is */
async function build(name: string): Promise<string> {
  const project = temporary.directory
  for (const part of ['templates/node-typescript', 'lib', `functions/${name}`])
    await cp(path.join(root, part), path.join(project, part.replace('templates', 'template')), {
      recursive: true,
    })
  for (const file of ['stack.yml', 'package.json', 'package-lock.json'])
    await cp(path.join(root, file), path.join(project, file))
  const stack = await readStack(path.join(project, 'stack.yml'), {})
  const context = await buildContext(project, stack, name, stack.functions[name]!)
  for (const folder of [context, path.join(context, 'function')])
    await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  const app = path.join(project, 'app')
  await execa(process.execPath, ['--import', 'tsx', 'bundle/main.ts', app], { cwd: context })
  return app
}

it.each([
  ['upload-sample', []],
  // Its photos are decoded by native code, its network runs in a thread as WebAssembly.
  ['classify', ['runtime.worker.js', 'tfjs-backend-wasm-simd.wasm']],
])('makes a bundle of %s that runs by itself', { timeout: 60_000 }, async (name, companions) => {
  const app = await build(name)
  expect(await readdir(app)).toEqual(expect.arrayContaining(['main.js', 'package.json', ...companions]))
  if (companions.length > 0) expect(await readdir(path.join(app, 'node_modules'))).toContain('sharp')
  const port = await freePort('127.0.0.1')
  await mkdir(path.join(temporary.directory, 'models'))
  child = serve(app, {
    HOST: '127.0.0.1',
    PORT: String(port),
    MODEL_CACHE: path.join(temporary.directory, 'models'),
  })
  await vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${port}/_/health`)).status).toBe(200), {
    timeout: 20_000,
  })
})
