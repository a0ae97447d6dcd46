import { z } from 'zod'
import { asEdgeloopError, EdgeloopError } from '../errors/index.ts'

/** What a service tells the process that started it, once. */
export const serviceMessage = z.union([
  /** Addresses and whatever else is to be known. */
  z.object({ ready: z.unknown() }),
  z.object({
    failed: z.object({
      error: z.string(),
      code: z.string(),
      where: z.string().optional(),
      hint: z.string().optional(),
    }),
  }),
])

/** A service that can be used. */
export interface Started {
  /** What whoever started it has to know: addresses. */
  ready: object
  /** Lets go of everything; nothing is killed before it resolves. */
  close(): Promise<void>
}

/**
 * Starts a service; tells the process that started this one, where there is one, that it can be used or why it cannot,
 * and ends on SIGTERM or with that process.
 *
 * @param start told by the signal to give up
 */
export async function runService(start: (signal: AbortSignal) => Promise<Started>): Promise<void> {
  const stopping = new AbortController()
  const stop = () => stopping.abort(new EdgeloopError('UNAVAILABLE', 'stopped'))
  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  process.on('SIGTERM', stop)
  process.on('disconnect', stop)
  // A terminal sends Ctrl-C to everybody: whoever started this process decides when it ends.
  process.on('SIGINT', process.send ? () => {} : stop)

  try {
    const { ready, close } = await start(stopping.signal)
    await tell({ ready })
    await stopped
    await close()
    process.exit(0)
  } catch (thrown) {
    if (stopping.signal.aborted) process.exit(0)
    const error = asEdgeloopError(thrown)
    if (error.code === 'INTERNAL') console.error(thrown)
    if (process.send) await tell({ failed: error.toJSON() })
    else console.error(error.message, error.where ?? '', error.hint ?? '')
    process.exit(1)
  }
}

/** Resolves when it is said; the other end may be gone already. */
function tell(message: z.input<typeof serviceMessage>): Promise<void> {
  return new Promise((resolve) => {
    if (!process.send || !process.connected) resolve()
    else process.send(message, () => resolve())
  })
}
