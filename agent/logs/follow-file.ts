import { type FileHandle, open, stat } from 'node:fs/promises'
import { createAlarm } from '../../lib/waiting/index.ts'

interface FollowOptions {
  follow: boolean
  signal: AbortSignal
  /** How often a file is looked at that may grow, in milliseconds. */
  pollMs?: number
}

const POLL_MS = 250
const PIECE_BYTES = 64 * 1024
/** A line that is longer is cut: nobody is to fill the memory. */
const MAX_LINE_BYTES = 256 * 1024

/**
 * The lines of a file that grows, is renamed when it is full, and is followed by another one. Once all that was there at the
 * beginning has been read, `caught up` comes between two lines.
 *
 * @param newest which file it is now
 */
export async function* followFile(
  newest: () => Promise<string | undefined>,
  { follow, signal, pollMs = POLL_MS }: FollowOptions
): AsyncGenerator<string | 'caught up'> {
  const alarm = createAlarm()
  signal.addEventListener('abort', alarm.ring, { once: true })
  let file: { handle: FileHandle; position: number; rest: string } | undefined
  let caughtUp = false
  const buffer = Buffer.alloc(PIECE_BYTES)
  try {
    while (!signal.aborted) {
      const name = await newest()
      file ??= await openFile(name)
      if (file) {
        const { bytesRead } = await file.handle.read(buffer, 0, PIECE_BYTES, file.position)
        if (bytesRead > 0) {
          file.position += bytesRead
          // A character that is cut in two is damaged: logs are for people.
          const lines = (file.rest + buffer.toString('utf8', 0, bytesRead)).split('\n')
          file.rest = lines.pop()!.slice(0, MAX_LINE_BYTES)
          yield* lines
          continue
        }
      }
      if (!caughtUp) {
        caughtUp = true
        yield 'caught up'
      }
      if (!follow) return
      if (file && !(await isSame(file.handle, name))) {
        await file.handle.close()
        file = undefined
        continue
      }
      await alarm.wait(pollMs)
    }
  } finally {
    signal.removeEventListener('abort', alarm.ring)
    await file?.handle.close()
  }
}

async function openFile(name: string | undefined) {
  const handle = name === undefined ? undefined : await open(name, 'r').catch(() => undefined)
  return handle && { handle, position: 0, rest: '' }
}

/** Whether what is open is what has this name now: the kubelet renames a file that is full, and a new one begins. */
async function isSame(handle: FileHandle, name: string | undefined): Promise<boolean> {
  const now = name === undefined ? undefined : await stat(name).catch(() => undefined)
  return now === undefined || now.ino === (await handle.stat()).ino
}
