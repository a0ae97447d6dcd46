import { setTimeout as sleep } from 'node:timers/promises'

/** How often is looked, in milliseconds. */
const PAUSE_MS = 100

/** Looks until something is there. Rejects with the signal's reason when it is aborted. */
export async function waitFor<T>(look: () => Promise<T | undefined>, signal: AbortSignal): Promise<T> {
  for (;;) {
    signal.throwIfAborted()
    const found = await look()
    if (found !== undefined) return found
    await sleep(PAUSE_MS, undefined, { signal })
  }
}
