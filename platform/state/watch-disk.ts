import { statfs } from 'node:fs/promises'

const MIB = 2 ** 20
/** Below this, the next photos and models may not fit any more, in bytes. */
const LEAST = 16 * MIB
const LOOK_MS = 2000
/** How often it is said as long as it lasts, in milliseconds. */
const REPEAT_MS = 60_000

export interface WatchOptions {
  lookMs?: number
  /** Bytes that are left where a path is. */
  freeOf?(path: string): Promise<number>
}

/** Says when the disk of the state is full: once for all processes that write to it. Returns how to stop that. */
export function watchDisk(
  directory: string,
  say: (text: string) => void,
  { lookMs = LOOK_MS, freeOf = freeBytes }: WatchOptions = {}
): () => void {
  let saidAt: number | undefined

  async function look(): Promise<void> {
    const free = await freeOf(directory)
    const now = performance.now()
    if (free >= LEAST) {
      if (saidAt !== undefined) say(`there is room again: ${Math.floor(free / MIB)} MiB at ${directory}`)
      saidAt = undefined
    } else if (saidAt === undefined || now - saidAt > REPEAT_MS) {
      say(
        `the disk is full: ${Math.floor(free / MIB)} MiB are left at ${directory}; free some space there: ` +
          'until then nothing is stored, and photos wait at their devices'
      )
      saidAt = now
    }
  }

  const timer = setInterval(() => look().catch(() => {}), lookMs)
  return () => clearInterval(timer)
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}
