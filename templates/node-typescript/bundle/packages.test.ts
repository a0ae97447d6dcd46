import { mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { temporaryDirectory } from '../../../test/support/index.ts'
import { copyPackages } from './packages.ts'

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
beforeEach(async () => {
  temporary = await temporaryDirectory('packages')
})
afterEach(() => temporary.remove())

/** Installs a package as npm does; its version says where it is. */
async function install(where: string, ...needs: string[]): Promise<void> {
  const folder = path.join(temporary.directory, where)
  await mkdir(folder, { recursive: true })
  const dependencies = Object.fromEntries(needs.map((name) => [name, '*']))
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ version: where, dependencies }))
}

it('copies what packages need, and what those in their folders need, each as Node would find it', async () => {
  await install('own/node_modules/native', 'nested', '@scope/plain', 'absent')
  await install('own/node_modules/native/node_modules/nested', 'beside', 'deep', 'nested')
  await install('own/node_modules/native/node_modules/beside')
  await install('root/node_modules/beside')
  await install('root/node_modules/deep', 'native')
  await install('root/node_modules/@scope/plain')
  await install('root/node_modules/other')
  await symlink('lib.so.1', path.join(temporary.directory, 'root/node_modules/deep/lib.so'))
  const modules = ['own/node_modules', 'root/node_modules'].map((one) => path.join(temporary.directory, one))
  const target = path.join(temporary.directory, 'app')
  await copyPackages(['native', 'missing'], modules, target)
  const versionOf = async (name: string) =>
    JSON.parse(await readFile(path.join(target, name, 'package.json'), 'utf8').catch(() => '{}')).version
  expect(await versionOf('native')).toBe('own/node_modules/native')
  expect(await versionOf('native/node_modules/nested')).toBe('own/node_modules/native/node_modules/nested')
  expect(await versionOf('@scope/plain')).toBe('root/node_modules/@scope/plain')
  expect(await versionOf('deep')).toBe('root/node_modules/deep')
  expect(await readlink(path.join(target, 'deep/lib.so'))).toBe('lib.so.1')
  // What lies beside the one that needs it is nearer.
  expect(await versionOf('beside')).toBeUndefined()
  expect(await versionOf('nested')).toBeUndefined()
  expect(await versionOf('other')).toBeUndefined()
})
