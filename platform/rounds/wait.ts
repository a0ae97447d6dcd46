import { setTimeout as sleep } from 'node:timers/promises'

/** How often is looked, in milliseconds. */
const PAUSE_MS = 100

/** The promise's result, unless the signal comes first; whoever made the promise lets go of what it holds. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** Looks until something is there. Rejects with the signal's reason when it is aborted. */
export async function waitFor<T>(look: () => Promise<T | undefined>, signal: AbortSignal): Promise<T> {
  for (;;) {
    signal.throwIfAborted()
    // A look can take for ever: what it waits for may have been killed.
    const found = await unlessAborted(look(), signal)
    if (found !== undefined) return found
    await sleep(PAUSE_MS, undefined, { signal })
  }
}
