import { EdgeloopError } from '../errors/index.ts'

/**
 * Runs work with a signal that fires when the given one does, or when the time is up. Nobody waits for work that does
 * not look at its signal.
 *
 * @throws the given signal's reason; EdgeloopError TIMEOUT; whatever the work throws
 */
export async function withDeadline<T>(
  parent: AbortSignal,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>
): Promise<T> {
  parent.throwIfAborted()
  const own = new AbortController()
  const stop = () => own.abort(parent.reason)
  parent.addEventListener('abort', stop, { once: true })
  const timer = setTimeout(() => own.abort(new EdgeloopError('TIMEOUT', `no answer within ${ms} ms`)), ms)
  const over = new Promise<never>((_, reject) => {
    own.signal.addEventListener('abort', () => reject(own.signal.reason), { once: true })
  })
  try {
    return await Promise.race([work(own.signal), over])
  } finally {
    clearTimeout(timer)
    parent.removeEventListener('abort', stop)
  }
}
