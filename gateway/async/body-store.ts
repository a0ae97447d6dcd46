import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { ReadableStream as NodeStream } from 'node:stream/web'
import { createGroupSync, isDiskFull } from '../../lib/database/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'

/** What a record names. */
export interface StoredBody {
  file: string
  /** Bytes. */
  size: number
}

export interface Room {
  /** Bytes that this body may have. */
  body: number
  /** Bytes that all may have together; what is there already may be more. */
  all: number
}

/** Bodies in files, too large for a database. A promise that resolves means: on disk. */
export interface BodyStore {
  /** @throws EdgeloopError TOO_LARGE, or OVERLOADED where there is no room for it now; nothing is kept then */
  write(body: ReadableStream<Uint8Array>, room?: Room): Promise<StoredBody>
  /** Opens the file when somebody reads; `over` closes it, read to its end or not. */
  read(body: StoredBody, over: AbortSignal): ReadableStream<Uint8Array>
  remove(body: StoredBody | null): Promise<void>
  /** What all bodies take. */
  bytes(): number
}

const PIECE_BYTES = 256 * 1024

/**
 * Opens (and creates) the store in a directory.
 * @param isWanted whether a record names the file: others were left by a process that was killed
 */
export async function openBodyStore(
  directory: string,
  isWanted: (file: string) => boolean
): Promise<BodyStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const syncGrouped = createGroupSync()
  await syncGrouped(path.dirname(directory))
  let total = 0
  for (const file of await readdir(directory)) {
    if (isWanted(file)) total += (await stat(path.join(directory, file))).size
    else await rm(path.join(directory, file))
  }

  return {
    async write(body, room) {
      const name = randomUUID()
      const file = path.join(directory, name)
      const handle = await open(file, 'wx', 0o600)
      let size = 0
      try {
        for await (const chunk of body) {
          size += chunk.length
          total += chunk.length
          if (room) check(size, total, room)
          await handle.write(chunk)
        }
        await handle.sync()
        await handle.close()
        await syncGrouped(directory)
        return { file: name, size }
      } catch (error) {
        total -= size
        await handle.close().catch(() => {})
        await rm(file, { force: true })
        if (isDiskFull(error))
          throw new EdgeloopError('UNAVAILABLE', 'the disk is full', { where: directory, cause: error })
        throw error
      }
    },

    read: ({ file }, over) =>
      NodeStream.from(pieces(path.join(directory, file), over)) as ReadableStream<Uint8Array>,

    async remove(body) {
      if (!body) return
      total -= body.size
      await rm(path.join(directory, body.file), { force: true })
    },

    bytes: () => total,
  }
}

async function* pieces(file: string, over: AbortSignal): AsyncGenerator<Uint8Array> {
  yield* createReadStream(file, { highWaterMark: PIECE_BYTES, signal: over })
}

function check(size: number, total: number, room: Room): void {
  if (size > room.body)
    throw new EdgeloopError('TOO_LARGE', `the body has more than ${room.body} bytes`, {
      where: 'the body',
      hint: 'store it elsewhere, and send where it is',
    })
  if (total > room.all)
    throw new EdgeloopError('OVERLOADED', `the queue holds all that it may: ${room.all} bytes`, {
      where: 'the queue of asynchronous calls',
      hint: 'try again later; if dead letters fill it, replay or discard them',
    })
}
