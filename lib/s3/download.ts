/** Downloads that go on where they were. @module */
import { createWriteStream } from 'node:fs'
import { readFile, rm, stat, statfs, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { EdgeloopError } from '../errors/index.ts'
import type { ObjectInfo, ObjectStore, RequestOptions } from './object-store.ts'

/** Left for whoever else writes to this disk meanwhile, in bytes. */
const RESERVE = 32 * 2 ** 20

export interface DownloadOptions extends RequestOptions {
  /** Bytes that are free where a path is; the file system is asked by default. */
  freeOf?: ((directory: string) => Promise<number>) | undefined
}

/** Which version of the object a file is being made of. */
const noteOf = (file: string) => `${file}.etag`

/**
 * Downloads an object into a file as it arrives. A call after one that failed, or whose process was killed, goes on behind
 * the bytes that are there, as long as the object is the same; of another one it begins anew. The file has all of its bytes
 * once this resolves; whoever reads them checks them. What a later call needs stands beside the file until
 * `finishDownload`.
 *
 * @param file in a directory that is there; nobody else may write it
 * @returns undefined where there is no such object
 * @throws EdgeloopError as the store does, CONFLICT where the object is replaced meanwhile, and UNAVAILABLE, with `ENOSPC`
 *   as its cause's code, where the disk has no room for it
 */
export async function downloadObject(
  store: Pick<ObjectStore, 'head' | 'read'>,
  key: string,
  file: string,
  { signal, freeOf = freeBytes }: DownloadOptions = {}
): Promise<ObjectInfo | undefined> {
  const found = await store.head(key, { signal })
  if (!found) return undefined
  const from = await bytesOf(found, file)
  if (from > 0 && from === found.size) return found
  await checkRoom(path.dirname(file), found.size - from, freeOf)
  // In this order: a note never speaks of bytes of another object.
  if (from === 0) {
    await rm(file, { force: true })
    await writeFile(noteOf(file), found.etag)
  }
  const target = createWriteStream(file, { flags: from === 0 ? 'w' : 'r+', start: from, flush: true })
  await pipeline(store.read(key, { from, ifMatch: found.etag, signal }), target)
  return found
}

/** Forgets what would let a download go on. */
export async function finishDownload(file: string): Promise<void> {
  await rm(noteOf(file), { force: true })
}

/** How many bytes of this very object the file has. */
async function bytesOf({ etag, size }: ObjectInfo, file: string): Promise<number> {
  const note = await readFile(noteOf(file), 'utf8').catch(() => undefined)
  if (note !== etag) return 0
  const there = await stat(file).catch(() => undefined)
  return there && there.size <= size ? there.size : 0
}

async function checkRoom(
  directory: string,
  needed: number,
  freeOf: (directory: string) => Promise<number>
): Promise<void> {
  const free = await freeOf(directory)
  if (free >= needed + RESERVE) return
  const [left, more] = [free, needed].map((bytes) => Math.ceil(bytes / 2 ** 20))
  throw new EdgeloopError(
    'UNAVAILABLE',
    `the disk is full: ${left} MiB are left, and ${more} MiB are to come`,
    {
      where: directory,
      hint: 'Free some space there; the download goes on by itself.',
      cause: Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }),
    }
  )
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}
