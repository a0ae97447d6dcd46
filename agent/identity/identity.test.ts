import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { temporaryDirectory } from '../../test/support/index.ts'
import { openIdentity } from './index.ts'

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
beforeEach(async () => {
  temporary = await temporaryDirectory('identity')
})
afterEach(() => temporary.remove())

it('stays the same installation over restarts, each a run of its own; another directory is another one', async () => {
  const [one, two] = ['one', 'two'].map((name) => path.join(temporary.directory, name))
  const [first, again, other] = [await openIdentity(one!), await openIdentity(one!), await openIdentity(two!)]
  expect(again.instance).toBe(first.instance)
  expect(again.run).not.toBe(first.run)
  expect(other.instance).not.toBe(first.instance)
})

it('that was cut off by a power failure is replaced', async () => {
  const { instance } = await openIdentity(temporary.directory)
  await writeFile(path.join(temporary.directory, 'instance'), instance.slice(0, 7))
  const { instance: anew } = await openIdentity(temporary.directory)
  expect(anew).not.toBe(instance)
  expect((await openIdentity(temporary.directory)).instance).toBe(anew)
})
