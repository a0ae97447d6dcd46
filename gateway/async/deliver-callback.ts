import type { Entry, Outcome } from '../../lib/spool/index.ts'
import { withDeadline } from '../../lib/waiting/index.ts'
import type { Callback } from './call.ts'
import type { CallQueue } from './call-queue.ts'

/** How often an answer is sent before it is a dead letter. */
const ATTEMPTS = 10
/** How long whoever asked may take for it, in milliseconds. */
const TIMEOUT_MS = 60_000
/** Whoever says so may take it later. */
const LATER = new Set([408, 429])

/** Makes what sends one answer to whoever asked for it. */
export function createCallbackDeliverer({ bodies, callbacks }: CallQueue) {
  return async ({ payload, attempts }: Entry<Callback>, stopped: AbortSignal): Promise<Outcome> => {
    const why = await withDeadline(stopped, TIMEOUT_MS, (signal) => send(payload, signal)).catch(
      ({ message, cause }: Error) => ({
        final: false,
        text: cause instanceof Error ? `${message}: ${cause.message}` : message,
      })
    )
    stopped.throwIfAborted()
    if (why) return why.final || attempts + 1 >= ATTEMPTS ? { dead: why.text } : { error: why.text }
    const commit = () => callbacks.database.afterCommit(() => void bodies.remove(payload.body))
    return { done: true, commit }
  }

  /** @returns what went wrong */
  async function send({ url, headers, body }: Callback, signal: AbortSignal) {
    const over = new AbortController()
    const init: RequestInit & { duplex: 'half' } = {
      method: 'POST',
      headers: [...headers, ...(body ? [['Content-Length', String(body.size)] as [string, string]] : [])],
      body: body && bodies.read(body, over.signal),
      // Whoever was named gets it, and nobody else.
      redirect: 'manual',
      signal,
      duplex: 'half',
    }
    try {
      const response = await fetch(url, init)
      await response.body?.cancel()
      const { status } = response
      if (response.ok) return undefined
      return { final: status < 500 && !LATER.has(status), text: `${new URL(url).host} answered ${status}` }
    } finally {
      over.abort()
    }
  }
}
