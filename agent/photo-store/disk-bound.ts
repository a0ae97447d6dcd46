import { type Database, diskSpace, isDiskFull } from '../../lib/database/index.ts'
import type { DiskStatus } from '../../lib/edge-status/index.ts'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import type { PhotoLedger } from './ledger.ts'
import type { PhotoStore } from './photo-store.ts'
import { type Cleaning, createCleaning } from './remove-photos.ts'

export interface DiskLimits {
  /** What photos may take, in bytes; half of the disk when absent. */
  photoBytes?: number
  /** What photos leave free on the disk, in bytes; a twentieth of it and at most 256 MiB when absent. */
  minFreeBytes?: number
}

export interface DiskBoundOptions {
  database: Database
  photos: PhotoStore
  ledger: PhotoLedger
  limits?: DiskLimits
  /** Bytes that are left, and that there are, where a path is. */
  spaceAt?(path: string): { free: number; total: number }
  /** Gets a sentence when what has to be kept nears the bound, when it reaches it, and when there is room again. */
  say?(sentence: string): void
}

/** Keeps photos within the bound of the disk. */
export interface DiskBound {
  /** What photos may take, in bytes. */
  readonly limitBytes: number
  /**
   * Runs what stores a photo of so many bytes, once there is room for it.
   * @throws EdgeloopError OVERLOADED when there is none and nothing may go, or when the disk itself refuses
   */
  store<T>(bytes: number, work: () => Promise<T>): Promise<T>
  /** How it stands; also makes room where there is little, without waiting for it. */
  status(): DiskStatus
  /** Resolves when nothing is being removed. */
  settled(): Promise<void>
}

/** From this share of the bound on photos are removed, and so many that they take less than the other one. */
const HIGH = 0.9
const LOW = 0.85

const MAX_MIN_FREE = 256 * 2 ** 20
const MIB = 2 ** 20
const ORDER = ['ok', 'high', 'full'] as const

export function createDiskBound(options: DiskBoundOptions): DiskBound {
  const { photos, limits = {}, spaceAt = diskSpace, say = (sentence) => console.error(sentence) } = options
  const { total } = spaceAt(photos.directory)
  const limit = limits.photoBytes ?? total / 2
  const minFree = limits.minFreeBytes ?? Math.min(total / 20, MAX_MIN_FREE)
  /** Of photos that are being written. */
  let reserved = 0
  /** The smallest photo that found no room since one did. */
  let refused = Number.POSITIVE_INFINITY
  /** The disk refused although there should be room. */
  let failed = false
  let state: DiskStatus['state'] = 'ok'
  /** The worst state that was said since the last good one. */
  let said: DiskStatus['state'] = 'ok'
  const cleaning: Cleaning = createCleaning(options)

  /** What stands in the way of removing, once it was said. */
  let complaint = ''

  const used = () => photos.bytes() + reserved
  const free = () => spaceAt(photos.directory).free - reserved
  const fits = (bytes: number) => used() + bytes <= limit && free() - bytes >= minFree

  /** 1 at the bound; 0.9 at nine tenths of the limit, or where only twice as much is free as has to be. */
  function pressure(): number {
    const ofDisk = minFree === 0 ? 0 : 1.1 - (0.1 * free()) / minFree
    return Math.max(used() / limit, ofDisk)
  }

  /** Removes what may go until the bound is far enough, and so many bytes fit. */
  function makeRoom(bytes = 0): Promise<void> {
    return cleaning.run(() => {
      const over = used() - LOW * limit
      const missing = 2.5 * minFree - free()
      const toStore = Math.max(used() + bytes - limit, minFree + bytes - free())
      return Math.max(over, missing, toStore)
    })
  }

  async function makeRoomInTime(): Promise<void> {
    try {
      await makeRoom()
      complaint = ''
    } catch (thrown) {
      const trouble = `photos cannot be removed: ${asEdgeloopError(thrown).message}`
      if (trouble !== complaint) say(trouble)
      complaint = trouble
    }
    judge()
  }

  function judge(): void {
    if (fits(refused)) refused = Number.POSITIVE_INFINITY
    const level = pressure()
    const high = level >= HIGH || (state !== 'ok' && level > LOW)
    const full = failed || refused < Number.POSITIVE_INFINITY || level >= 1
    state = full ? 'full' : high ? 'high' : 'ok'
    if (state === 'ok' ? said === 'ok' : ORDER.indexOf(state) <= ORDER.indexOf(said)) return
    said = state
    say(sentenceOf(state))
  }

  function sentenceOf(now: DiskStatus['state']): string {
    if (now === 'ok') return 'photos: there is room again'
    const what = `${mebibytes(used())} of ${mebibytes(limit)} are taken, ${mebibytes(free())} are free at ${photos.directory}`
    return now === 'full'
      ? `photos: the disk is full: ${what}; new ones are refused, and wait at their devices`
      : `photos: the disk is nearly full of what is still needed: ${what}; soon new ones will be refused`
  }

  function overloaded(bytes: number, cause?: unknown): EdgeloopError {
    return new EdgeloopError('OVERLOADED', `there is no room for a photo of ${bytes} bytes at this edge`, {
      where: photos.directory,
      hint: 'Keep the photo and send it again later; see "disk" in the edge’s status.',
      cause,
    })
  }

  /** The disk knows best: of blocks, of inodes, and of what others write at this moment. */
  async function write<T>(bytes: number, work: () => Promise<T>, again = false): Promise<T> {
    try {
      const result = await work()
      failed = false
      return result
    } catch (thrown) {
      if (!isDiskFull(thrown)) throw thrown
      failed = true
      if (again) throw overloaded(bytes, thrown)
      const goal = photos.bytes() - Math.max(bytes, (HIGH - LOW) * photos.bytes())
      await cleaning.run(() => photos.bytes() - goal).catch(() => {})
      return write(bytes, work, true)
    }
  }

  return {
    limitBytes: limit,

    async store(bytes, work) {
      // Whatever goes wrong in between, what counts is whether there is room afterwards.
      if (!fits(bytes)) await makeRoom(bytes).catch(() => {})
      if (!fits(bytes)) {
        refused = Math.min(refused, bytes)
        judge()
        throw overloaded(bytes)
      }
      reserved += bytes
      try {
        return await write(bytes, work)
      } finally {
        reserved -= bytes
        if (failed || pressure() >= HIGH) void makeRoomInTime()
        else judge()
      }
    },

    status() {
      if (pressure() > (state === 'ok' ? HIGH : LOW)) void makeRoomInTime()
      else judge()
      return { usedBytes: photos.bytes(), limitBytes: whole(limit), freeBytes: whole(free()), state }
    },

    settled: cleaning.settled,
  }
}

/** JSON has no endless numbers. */
function whole(bytes: number): number {
  return Math.floor(Math.min(Math.max(0, bytes), Number.MAX_SAFE_INTEGER))
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / MIB)} MiB`
}
