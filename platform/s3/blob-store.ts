/**
 * The bytes of objects. Small ones wait in memory and enter the metadata database together with their record (one sync
 * for many); large ones go to a file of their own that nobody refers to before its record is committed. Bytes never
 * change once they are written.
 * @module
 */
import { randomUUID } from 'node:crypto'
import { type FileHandle, link, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectory } from '../../lib/database/index.ts'
import { createPins } from './pins.ts'
import type { Segment } from './records.ts'
import type { Sink } from './request-body.ts'

/** Bytes that are on disk, or will be with their record, and that nothing refers to yet. */
export interface PendingBlob {
  segment: Segment
  /** The bytes of an inline segment. */
  bytes: Uint8Array | undefined
}

export interface BlobSink extends Sink {
  /** Makes the bytes durable. */
  finish(): Promise<PendingBlob>
  /** Forgets them. */
  discard(): Promise<void>
}

export interface BlobStore {
  createSink(): BlobSink
  pathOf(id: string): string
  /** A second name for the bytes of a file. */
  duplicate(segment: Segment): Promise<PendingBlob>
  /** Removes files that no record refers to any more; those that are being read go when their last reader closes. */
  discard(segments: readonly Segment[]): Promise<void>
  /** Keeps the files of these segments until the returned function is called. */
  pin(segments: readonly Segment[]): () => void
  /** Removes every file that is not in the set: what a crash has left. Returns how many. */
  sweep(referenced: ReadonlySet<string>): Promise<number>
}

/** Up to here bytes live in the database: one page more or less costs less than a file and its sync. */
const INLINE_LIMIT = 32 * 1024

export async function openBlobStore(directory: string): Promise<BlobStore> {
  await mkdir(directory, { recursive: true })
  const pathOf = (id: string) => join(directory, id.slice(0, 2), id)
  // What fails to go now goes at the next start.
  const pins = createPins((id) => void rm(pathOf(id), { force: true }).catch(() => undefined))

  async function createFile(id: string): Promise<FileHandle> {
    await mkdir(join(directory, id.slice(0, 2)), { recursive: true })
    return open(pathOf(id), 'wx')
  }

  async function syncName(id: string): Promise<void> {
    await syncDirectory(join(directory, id.slice(0, 2)))
    await syncDirectory(directory)
  }

  function createSink(): BlobSink {
    const id = randomUUID()
    let pieces: Buffer[] = []
    let size = 0
    let file: FileHandle | undefined

    async function spill(): Promise<void> {
      file ??= await createFile(id)
      const waiting = pieces
      pieces = []
      await writeAll(file, waiting)
    }

    return {
      write(data) {
        pieces.push(data)
        size += data.length
        if (size > INLINE_LIMIT) return spill()
      },
      async finish() {
        if (!file) return { segment: { id, size, inline: true }, bytes: Buffer.concat(pieces) }
        await file.datasync()
        await file.close()
        await syncName(id)
        return { segment: { id, size, inline: false }, bytes: undefined }
      },
      async discard() {
        await file?.close().catch(() => undefined)
        if (file) await rm(pathOf(id), { force: true })
      },
    }
  }

  return {
    createSink,
    pathOf,
    async duplicate({ id: source, size }) {
      const id = randomUUID()
      await mkdir(join(directory, id.slice(0, 2)), { recursive: true })
      await link(pathOf(source), pathOf(id))
      await syncName(id)
      return { segment: { id, size, inline: false }, bytes: undefined }
    },
    async discard(segments) {
      for (const { id, inline } of segments) {
        if (inline) continue
        if (!pins.defer(id)) await rm(pathOf(id), { force: true })
      }
    },
    pin: pins.pin,
    async sweep(referenced) {
      let removed = 0
      for (const folder of await readdir(directory)) {
        for (const id of await readdir(join(directory, folder))) {
          if (referenced.has(id)) continue
          await rm(join(directory, folder, id), { force: true })
          removed++
        }
      }
      return removed
    },
  }
}

async function writeAll(file: FileHandle, pieces: Buffer[]): Promise<void> {
  let data = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
  while (data.length > 0) {
    const { bytesWritten } = await file.write(data)
    data = data.subarray(bytesWritten)
  }
}
