/**
 * For tests: a process that ends between any two writes. Once it has, no write of it happens or ends any more, as after a
 * SIGKILL, and what it had written is what there is.
 * @module
 */
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

/** The writes that are left to this process. */
let left = Number.POSITIVE_INFINITY
let onEnd = () => {}
/** Of files that are being written: whoever had opened them may not be there to close them. */
const handles = new Set<fs.FileHandle>()
const real = { open: fs.open, rename: fs.rename, unlink: fs.unlink }

function hasEnded(): boolean {
  if (left-- > 0) return false
  onEnd()
  return true
}

/** A write that may not begin any more, or whose end nobody hears of any more. */
export async function untilTheEnd<T>(write: () => Promise<T>): Promise<T> {
  if (hasEnded()) return new Promise(() => {})
  const result = await write()
  return hasEnded() ? new Promise(() => {}) : result
}

/** Lets the file system's functions end with the process; a new file is written in halves. Returns what undoes that. */
export function letFilesEnd(): () => void {
  fs.rename = (...of) => untilTheEnd(() => real.rename(...of))
  fs.unlink = (...of) => untilTheEnd(() => real.unlink(...of))
  fs.open = async (path, flags, ...rest) => {
    if (flags !== 'wx') return real.open(path, flags, ...rest)
    const handle = await untilTheEnd(async () => {
      const opened = await real.open(path, flags, ...rest)
      handles.add(opened)
      return opened
    })
    const writeFile = handle.writeFile.bind(handle)
    handle.writeFile = async (data) => {
      const bytes = data as Uint8Array
      const half = bytes.length / 2
      await untilTheEnd(() => writeFile(bytes.subarray(0, half)))
      await untilTheEnd(() => writeFile(bytes.subarray(half)))
    }
    return handle
  }
  syncBuiltinESMExports()
  return () => {
    Object.assign(fs, real)
    syncBuiltinESMExports()
  }
}

/** Runs until it is done, or until the process has begun or ended so many writes and itself ends. */
export async function endAfter(writes: number, run: () => Promise<unknown>): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    onEnd = resolve
  })
  left = writes
  await Promise.race([run(), ended])
  // What was done in time has ended with it: nothing begins any more.
  left = Math.min(left, 0)
  await new Promise(setImmediate)
  await Promise.all([...handles].map((handle) => handle.close()))
  handles.clear()
}

/** The next process begins. */
export function beginAnew(): void {
  left = Number.POSITIVE_INFINITY
}
