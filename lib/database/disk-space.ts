import { statfsSync } from 'node:fs'
import { EdgeloopError } from '../errors/index.ts'

/** With less than this, a commit may fail half-way, in bytes. */
const LEAST = 2 ** 20
/** For so long it is taken to be as it was, in milliseconds: a look costs as much as a small transaction. */
const LOOK_MS = 200

/**
 * Looks at the room that is left before something is written: LMDB would complain about each commit that fails, with a
 * stack trace, and nobody would know why.
 *
 * @param freeOf bytes that are left where a path is
 * @returns throws EdgeloopError UNAVAILABLE, with `ENOSPC` as its cause's code, where there is too little
 */
export function createSpaceCheck(
  path: string,
  freeOf: (path: string) => number = (path) => diskSpace(path).free
): () => void {
  let free = Number.POSITIVE_INFINITY
  let lookedAt = Number.NEGATIVE_INFINITY
  return () => {
    if (performance.now() - lookedAt > LOOK_MS) {
      free = freeOf(path)
      lookedAt = performance.now()
    }
    if (free >= LEAST) return
    throw new EdgeloopError('UNAVAILABLE', `the disk is full: ${Math.floor(free / 1024)} KiB are left`, {
      where: path,
      hint: 'Free some space there; what waits goes on by itself.',
      cause: Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }),
    })
  }
}

/** No space, and no more of it for this user. */
const FULL = ['ENOSPC', 'EDQUOT']

/** Whether something failed because a disk is full. */
export function isDiskFull(thrown: unknown): boolean {
  const { code, cause } = (thrown ?? {}) as { code?: unknown; cause?: { code?: unknown } }
  return FULL.some((full) => full === code || full === cause?.code)
}

/** What is left for this process, and what there is in all, in bytes; endless where that cannot be known: writing will tell. */
export function diskSpace(path: string): { free: number; total: number } {
  try {
    const { bavail, blocks, bsize } = statfsSync(path)
    return { free: bavail * bsize, total: blocks * bsize }
  } catch {
    return { free: Number.POSITIVE_INFINITY, total: Number.POSITIVE_INFINITY }
  }
}
