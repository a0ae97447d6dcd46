import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DiskOutbox, openDiskOutbox } from './disk-outbox.ts'
import { createMemoryOutbox, type Outbox } from './outbox.ts'

const hash = (n: number) => n.toString(16).padStart(64, '0')
const photo = (n: number, size = 100) => new Uint8Array(size).fill(n)

let directory: string
let open: DiskOutbox[]
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-outbox-'))
  open = []
})
afterEach(async () => {
  await Promise.all(open.map((outbox) => outbox.close()))
  await rm(directory, { recursive: true, force: true })
})

async function onDisk(mostBytes?: number): Promise<DiskOutbox> {
  const outbox = await openDiskOutbox(directory, mostBytes)
  open.push(outbox)
  return outbox
}

const kinds: [name: string, open: (mostBytes?: number) => Promise<Outbox>][] = [
  ['in memory', async (mostBytes) => createMemoryOutbox(mostBytes)],
  ['on disk', onDisk],
]

describe.each(kinds)('an outbox %s', (_name, openOutbox) => {
  it('keeps photos in the order in which they came, each once, until they are removed', async () => {
    const outbox = await openOutbox()
    for (const n of [3, 1, 2, 1]) await outbox.put(hash(n), photo(n))
    expect(outbox.size).toBe(3)
    expect(await outbox.oldest(2)).toEqual([hash(3), hash(1)])
    expect(await outbox.read(hash(2))).toEqual(photo(2))
    expect([await outbox.remove(hash(3)), await outbox.remove(hash(3))]).toEqual([true, false])
    expect(await outbox.read(hash(3))).toBeUndefined()
    expect(await outbox.oldest(9)).toEqual([hash(1), hash(2)])
    // What was sent may be captured again.
    await outbox.put(hash(3), photo(3))
    expect(await outbox.oldest(9)).toEqual([hash(1), hash(2), hash(3)])
  })

  it('takes so many bytes, and no more until some have gone', async () => {
    const outbox = await openOutbox(250)
    await outbox.put(hash(1), photo(1))
    await outbox.put(hash(2), photo(2))
    await expect(outbox.put(hash(3), photo(3))).rejects.toMatchObject({ code: 'OVERLOADED' })
    await outbox.remove(hash(1))
    await outbox.put(hash(3), photo(3))
    expect(outbox.size).toBe(2)
  })
})

describe('an outbox on disk', () => {
  it('has after a restart what it had, and nothing half written', async () => {
    const first = await onDisk(250)
    await first.put(hash(1), photo(1))
    await first.put(hash(2), photo(2))
    await first.close()
    open = []
    await writeFile(path.join(directory, 'photos', `${hash(7)}.part`), 'half')
    await writeFile(path.join(directory, 'photos', hash(8)), 'nobody was told')
    const again = await onDisk(250)
    expect(await again.oldest(9)).toEqual([hash(1), hash(2)])
    expect(await again.read(hash(2))).toEqual(photo(2))
    await expect(again.put(hash(3), photo(3))).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect((await readdir(path.join(directory, 'photos'))).sort()).toEqual([hash(1), hash(2)])
  })
})
