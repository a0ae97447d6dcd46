import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { openDatabase, syncDirectory } from '../lib/database/index.ts'
import { createSpool } from '../lib/spool/index.ts'
import { writeWhole } from '../lib/whole-file/index.ts'
import { checkRoom, type Outbox } from './outbox.ts'

/** An outbox that survives the device: to be closed once nobody uses it. */
export interface DiskOutbox extends Outbox {
  close(): Promise<void>
}

const waitingPhoto = z.object({ hash: z.string(), size: z.int().nonnegative() })
const QUEUE = 'photos'
const PAGE = 1000
const GIBIBYTE = 2 ** 30

/**
 * Photos in files, and the order in which they wait in a spool: what `put` has taken is there after a power cut, and is sent.
 *
 * @param mostBytes of all photos together; 2 GiB when absent
 */
export async function openDiskOutbox(directory: string, mostBytes = 2 * GIBIBYTE): Promise<DiskOutbox> {
  const photos = path.join(directory, 'photos')
  await mkdir(photos, { recursive: true })
  const database = await openDatabase(path.join(directory, 'database'))
  // A photo that was sent may be captured again: it is for the edge to say that it knows it.
  const spool = createSpool(database, 'outbox', waitingPhoto, { rememberedKeys: 0 })
  const fileOf = (hash: string) => path.join(photos, hash)
  /** hash → its entry */
  const waiting = new Map<string, { id: string; size: number }>()
  let bytes = 0

  for (let page = spool.list(QUEUE, { limit: PAGE }); page.length > 0; ) {
    for (const { id, payload } of page) note(payload.hash, id, payload.size)
    page = spool.list(QUEUE, { limit: PAGE, after: page.at(-1)!.id })
  }
  // Half written, or written by a `put` that never said so, or sent.
  for (const name of await readdir(photos)) if (!waiting.has(name)) await rm(fileOf(name))

  function note(hash: string, id: string, size: number): void {
    waiting.set(hash, { id, size })
    bytes += size
  }

  return {
    async put(hash, photo) {
      if (waiting.has(hash)) return
      checkRoom({ count: waiting.size, bytes, mostBytes }, photo.length, directory)
      await writeWhole(fileOf(hash), photo)
      await syncDirectory(photos)
      const { id } = await spool.enqueue({ queue: QUEUE, key: hash, payload: { hash, size: photo.length } })
      if (!waiting.has(hash)) note(hash, id!, photo.length)
    },
    oldest: async (count) => spool.list(QUEUE, { limit: count }).map(({ payload }) => payload.hash),
    async read(hash) {
      if (!waiting.has(hash)) return undefined
      return new Uint8Array(await readFile(fileOf(hash)))
    },
    async remove(hash) {
      const found = waiting.get(hash)
      if (!found) return false
      await spool.ack(found.id)
      waiting.delete(hash)
      bytes -= found.size
      await rm(fileOf(hash), { force: true })
      return true
    },
    get size() {
      return waiting.size
    },
    close: () => database.close(),
  }
}
