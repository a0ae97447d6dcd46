/** What the Dockerfile does, in the folder that faas-cli puts together; packages are those of this repository. */
import { cp, readdir, symlink } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { buildContext } from '../../../cli/functions/build-context.ts'
import { isInstalled } from '../../../lib/runtime/index.ts'
import { readStack } from '../../../lib/stack/index.ts'
import { freePort } from '../../../platform/ports/index.ts'
import { cacheFolder, seededHead, temporaryDirectory } from '../../../test/support/index.ts'

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

/** Starts it, and asks until the answer is as expected. */
async function startIn(
  app: string,
  env: Record<string, string>,
  ask: string,
  expected: object
): Promise<void> {
  const port = await freePort('127.0.0.1')
  child = serve(app, { HOST: '127.0.0.1', PORT: String(port), ...env })
  const answer = async () => {
    const response = await fetch(`http://127.0.0.1:${port}${ask}`)
    return { status: response.status, text: await response.text() }
  }
  await vi.waitFor(async () => expect(await answer()).toEqual(expected), { timeout: 20_000, interval: 100 })
}

it('makes a bundle that runs by itself', { timeout: 60_000 }, async () => {
  const app = await build('upload-sample')
  expect(await readdir(app)).toEqual(expect.arrayContaining(['main.js', 'package.json']))
  await startIn(app, {}, '/_/health', { status: 200, text: 'OK' })
})

// Its photos are decoded by native code, its network runs in a thread: as WebAssembly, or in native code.
it('makes a bundle of classify that serves a model', { timeout: 120_000 }, async () => {
  const app = await build('classify')
  expect(await readdir(app)).toEqual(
    expect.arrayContaining(['runtime.worker.js', 'tfjs-backend-wasm-simd.wasm'])
  )
  const cache = cacheFolder(path.join(temporary.directory, 'models'))
  await cache.point(await cache.version(1, seededHead(['cat', 'dog'], 1), await cache.backbone()))
  const serving = { model: 'photos', channel: 'stable', wanted: 1, serving: 1, why: null }
  for (const RUNTIME of (['wasm', 'tfjs-node'] as const).filter(isInstalled)) {
    const expected = { status: 200, text: JSON.stringify(serving) }
    await startIn(app, { MODEL_CACHE: cache.directory, RUNTIME }, '/', expected)
    child!.kill('SIGKILL')
    await child
  }
})
