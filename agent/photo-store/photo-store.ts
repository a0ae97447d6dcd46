import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { createGroupSync, syncDirectory } from '../../lib/database/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { createFolders } from './folders.ts'
import { assertHash, hashOf, placeOf, temporaryDirectory } from './layout.ts'
import { scan } from './scan.ts'
import { createTurns } from './turns.ts'

export interface StoredPhoto {
  /** SHA-256 of the bytes, in hex. */
  hash: string
  /** Bytes. */
  size: number
  /** False where the photo was there already. */
  created: boolean
}

/** Photos in files named by their hash. A promise that resolves means: on disk, also after a power cut. */
export interface PhotoStore {
  readonly directory: string
  /**
   * Many at once may put the same photo: it is written once, and `created` for one of them.
   * @param hash of these bytes, where it is known already
   */
  put(bytes: Uint8Array, hash?: string): Promise<StoredPhoto>
  /** `NOT_FOUND`; with `verify`, `CORRUPT` where the bytes are not the ones that were put. */
  get(hash: string, options?: { verify?: boolean }): Promise<Uint8Array>
  /** The size and the bytes as a stream, which must be read or destroyed. `NOT_FOUND`. */
  stream(hash: string): Promise<{ size: number; stream: Readable }>
  /** The size, or undefined where there is no such photo. */
  has(hash: string): Promise<number | undefined>
  /** Returns whether there was one. */
  delete(hash: string): Promise<boolean>
  /** What all photos take. */
  bytes(): number
  count(): number
}

const notFound = (hash: string) =>
  new EdgeloopError('NOT_FOUND', 'there is no such photo here', {
    where: hash,
    hint: 'It was never stored on this node, or it was removed to make room.',
  })
const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT'

export interface PhotoStoreOptions {
  /** Which of the photos that are there at opening stay; all of them when absent. */
  keeps?(hash: string): boolean
}

/** Opens (and creates) the store in a directory. Only one process may write to it at a time; any may read. */
export async function createPhotoStore(
  directory: string,
  { keeps = () => true }: PhotoStoreOptions = {}
): Promise<PhotoStore> {
  const root = resolve(directory)
  const total = await scan(root, keeps)
  await syncDirectory(root)
  await syncDirectory(dirname(root))
  const syncGrouped = createGroupSync()
  const turns = createTurns<StoredPhoto>()
  const makeFolder = createFolders(syncGrouped)
  let temporary = 0

  async function write(hash: string, bytes: Uint8Array): Promise<StoredPhoto> {
    const { folder, file } = placeOf(root, hash)
    const size = bytes.length
    const existing = await has(hash)
    // One of another size is damaged, and is replaced.
    if (existing === size) {
      // It may have been renamed a moment ago by a process that was killed before it synced the folder.
      await syncGrouped(folder)
      return { hash, size, created: false }
    }
    const draft = join(temporaryDirectory(root), `${hash}.${temporary++}`)
    try {
      // At the same time: where there is no folder yet, the disk waits for both once.
      await Promise.all([writeAndSync(draft, bytes), makeFolder(root, folder)])
      await rename(draft, file)
    } catch (error) {
      await rm(draft, { force: true })
      throw error
    }
    total.count += existing === undefined ? 1 : 0
    total.bytes += size - (existing ?? 0)
    await syncGrouped(folder)
    return { hash, size, created: true }
  }

  async function remove(hash: string): Promise<boolean> {
    const { folder, file } = placeOf(root, hash)
    const size = await has(hash)
    if (size === undefined) return false
    await unlink(file)
    total.count--
    total.bytes -= size
    await syncGrouped(folder)
    return true
  }

  async function has(hash: string): Promise<number | undefined> {
    try {
      return (await stat(placeOf(root, hash).file)).size
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  return {
    directory: root,
    has,

    async put(bytes, hash = hashOf(bytes)) {
      const { written, shared } = await turns.write(hash, () => write(hash, bytes))
      return shared ? { ...written, created: false } : written
    },

    async get(hash, { verify = false } = {}) {
      const bytes = await readFile(placeOf(root, hash).file).catch((error) => {
        throw isMissing(error) ? notFound(hash) : error
      })
      if (verify && hashOf(bytes) !== hash) {
        throw new EdgeloopError('CORRUPT', 'the photo on disk is not the one that was stored', {
          where: hash,
          hint: 'Check the disk; delete the photo so that it can be stored again.',
        })
      }
      return bytes
    },

    async stream(hash) {
      const handle = await open(placeOf(root, hash).file).catch((error) => {
        throw isMissing(error) ? notFound(hash) : error
      })
      try {
        // From the open file, so that a photo that is deleted meanwhile is still served whole.
        const { size } = await handle.stat()
        return { size, stream: createReadStream('', { fd: handle, autoClose: true }) }
      } catch (error) {
        await handle.close()
        throw error
      }
    },

    async delete(hash) {
      assertHash(hash)
      return turns.remove(hash, () => remove(hash))
    },

    bytes: () => total.bytes,
    count: () => total.count,
  }
}

async function writeAndSync(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
