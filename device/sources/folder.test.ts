import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { replayFiles } from './folder.ts'

it('replays files in the order given, and says which one is missing', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'replay-'))
  try {
    for (const name of ['a.jpg', 'b.jpg']) await writeFile(join(dir, name), name)
    const seen: string[] = []
    const replay = async () => {
      for await (const { bytes, name } of replayFiles(
        ['b.jpg', 'a.jpg', 'gone.jpg'].map((name) => join(dir, name))
      ))
        seen.push(`${name} ${Buffer.from(bytes)}`)
    }
    await expect(replay()).rejects.toMatchObject({ code: 'NOT_FOUND', where: join(dir, 'gone.jpg') })
    expect(seen).toEqual(['b.jpg b.jpg', 'a.jpg a.jpg'])
  } finally {
    await rm(dir, { recursive: true })
  }
})
