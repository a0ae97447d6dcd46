import { EdgeloopError } from '../lib/errors/index.ts'

/**
 * Photos that have no receipt yet, in the order that they were captured.
 */
export interface Outbox {
  /**
   * Adds a photo under its hash; one that is there already stays where it is.
   * @throws EdgeloopError OVERLOADED when it is full
   */
  put(hash: string, photo: Uint8Array): Promise<void>
  /** The hashes of the oldest photos, oldest first, at most `count`. */
  oldest(count: number): Promise<string[]>
  read(hash: string): Promise<Uint8Array | undefined>
  /** Whether it was there. */
  remove(hash: string): Promise<boolean>
  /** How many photos wait. */
  readonly size: number
}

const MEBIBYTE = 1024 * 1024

/** What an outbox holds, and how much it may. */
interface Held {
  count: number
  bytes: number
  mostBytes: number
}

/** @throws EdgeloopError OVERLOADED where so many more bytes are too many */
export function checkRoom({ count, bytes, mostBytes }: Held, more: number, where?: string): void {
  if (bytes + more <= mostBytes) return
  throw new EdgeloopError('OVERLOADED', `the device's queue is full: ${count} photos, ${bytes} bytes`, {
    where,
    hint: 'Wait until the edge is in reach again, or allow the queue more bytes.',
  })
}

/** @param mostBytes of all photos together */
export function createMemoryOutbox(mostBytes = 256 * MEBIBYTE): Outbox {
  // A Map keeps the order of insertion.
  const photos = new Map<string, Uint8Array>()
  let bytes = 0
  return {
    async put(hash, photo) {
      if (photos.has(hash)) return
      checkRoom({ count: photos.size, bytes, mostBytes }, photo.length)
      photos.set(hash, photo)
      bytes += photo.length
    },
    async oldest(count) {
      const hashes: string[] = []
      for (const hash of photos.keys()) {
        if (hashes.length === count) break
        hashes.push(hash)
      }
      return hashes
    },
    read: async (hash) => photos.get(hash),
    async remove(hash) {
      bytes -= photos.get(hash)?.length ?? 0
      return photos.delete(hash)
    },
    get size() {
      return photos.size
    },
  }
}
