import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { temporaryDirectory } from '../../test/support/index.ts'
import { writeWhole } from './index.ts'

it('replaces a file by a whole one, with the mode that is asked for', async () => {
  const { directory, remove } = await temporaryDirectory('whole-file')
  onTestFinished(remove)
  const file = path.join(directory, 'list.json')
  await writeWhole(file, 'old')
  await writeWhole(file, Buffer.from('new'), 0o640)
  expect(await readFile(file, 'utf8')).toBe('new')
  expect((await stat(file)).mode & 0o777).toBe(0o640)
  expect(await readdir(directory)).toEqual(['list.json'])
})
