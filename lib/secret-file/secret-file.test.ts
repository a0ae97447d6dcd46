import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../../test/support/index.ts'
import { readSecretFile } from './index.ts'

it('reads what is there, and says what is wrong with it', async () => {
  const { directory, remove } = await temporaryDirectory('secrets')
  await writeFile(path.join(directory, 'key'), 'a secret\n')
  await writeFile(path.join(directory, 'empty'), '\n')
  await mkdir(path.join(directory, 'folder'))
  expect(readSecretFile(directory, 'key')).toBe('a secret')
  expect(readSecretFile(directory, 'none')).toBeUndefined()
  expect(() => readSecretFile(directory, 'empty')).toThrow('the secret empty is empty')
  expect(() => readSecretFile(directory, 'folder')).toThrow('the secret folder cannot be read')
  await remove()
})
