import { appendFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../../test/support/index.ts'
import { openTruths } from './truths.ts'

it('is known after a restart, also after one in the middle of a line', async () => {
  const { directory, remove } = await temporaryDirectory('truths')
  try {
    const first = await openTruths(directory)
    await first.add([
      { photo: 'a1', label: 'cat' },
      { photo: 'b2', label: 'a "dog"\nand more' },
    ])
    await appendFile(path.join(directory, 'truths.jsonl'), '\n["c3","ca')
    const second = await openTruths(directory)
    await second.add([{ photo: 'd4', label: 'fox' }])
    const third = await openTruths(directory)
    expect(['a1', 'b2', 'c3', 'd4'].map(third.of)).toEqual(['cat', 'a "dog"\nand more', undefined, 'fox'])
  } finally {
    await remove()
  }
})
