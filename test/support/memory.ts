import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { childrenOf } from './children.ts'

/** Between two looks, in milliseconds. */
const LOOK_MS = 50

async function residentMebibytes(pids: readonly number[]): Promise<Map<number, number>> {
  const { stdout } = await execa('ps', ['-o', 'pid=,rss=', '-p', pids.join(',')])
  const lines = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  return new Map(lines.map(([pid, kibibytes]) => [pid!, kibibytes! / 1024]))
}

/**
 * Does some work, and says by how much memory grew at its peak, in MiB, in whichever of the platform's processes that was
 * most: afterwards it may long be free again.
 */
export async function peakGrowth(work: () => Promise<unknown>): Promise<number> {
  const pids = await childrenOf(process.pid, 'main.ts')
  const before = await residentMebibytes(pids)
  const peaks = new Map(before)
  const working = { done: false }
  const watching = (async () => {
    while (!working.done) {
      for (const [pid, now] of await residentMebibytes(pids))
        peaks.set(pid, Math.max(now, peaks.get(pid) ?? 0))
      await sleep(LOOK_MS)
    }
  })()
  try {
    await work()
  } finally {
    working.done = true
    await watching
  }
  return Math.max(...[...peaks].map(([pid, peak]) => peak - (before.get(pid) ?? 0)))
}
