import type { ServerHttp2Session } from 'node:http2'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import { FUNCTIONS_HINT, type Watch } from '../../lib/relay-line/index.ts'
import { backoffDelay } from '../../lib/spool/index.ts'
import { createAlarm } from '../../lib/waiting/index.ts'
import { connectLine } from './connect-line.ts'
import { serveLine } from './serve-line.ts'

export interface RelayOptions {
  edge: string
  /** The cloud's gateway: `http://…` or `https://…`. */
  gateway: string
  /** What the gateway knows this edge by. */
  token?: string
  /** Answers what the cloud asks. */
  fetch(request: Request): Response | Promise<Response>
  /** What runs here may have changed: the cloud says so, or has been out of reach. */
  onHint?(): void
  /** Waits between attempts to connect. */
  backoff?: { initialMs: number; maxMs: number }
  /** When a line counts as dead that says nothing. */
  watch?: Watch
}

export interface Relay {
  /** Whether the cloud can ask this edge now. */
  readonly connected: boolean
  /** While it is paused it has no line: another agent of this name has one. */
  pause(paused: boolean): void
  /** Lets requests under way end, for a moment. */
  close(): Promise<void>
}

/** Short at first: most often the gateway was restarted, or the line was cut for a moment. */
const BACKOFF = { initialMs: 250, maxMs: 5_000 }
/** A line that lived so long was a good one, in milliseconds. */
const GOOD_MS = 5_000
/** How long requests under way may take when the agent closes, in milliseconds. */
const GRACE_MS = 1000

/** Keeps a connection open to the cloud's gateway, on which it asks this edge; connects again for ever. */
export function createRelay(options: RelayOptions): Relay {
  const { edge, gateway, token, onHint, backoff = BACKOFF, watch } = options
  const closing = new AbortController()
  const alarm = createAlarm()
  /** More than one for a moment: one that the gateway closes still answers what it was asked. */
  const lines = new Set<ServerHttp2Session>()
  let connected = false
  let paused = false
  let complaint = ''

  async function answer(request: Request): Promise<Response> {
    if (new URL(request.url).pathname !== FUNCTIONS_HINT) return options.fetch(request)
    onHint?.()
    return new Response(null, { status: 204 })
  }

  /** Resolves when the cloud needs another line. */
  async function serveOne(): Promise<void> {
    const socket = await connectLine(gateway, edge, token, closing.signal)
    if (closing.signal.aborted || paused) return void socket.destroy()
    const line = serveLine(socket, answer, watch)
    lines.add(line)
    line.once('close', () => lines.delete(line))
    connected = true
    complaint = ''
    onHint?.()
    await new Promise<void>((resolve) => line.once('close', resolve).once('goaway', () => resolve()))
    connected = false
  }

  async function follow(): Promise<void> {
    let failures = 0
    while (!closing.signal.aborted) {
      if (paused) {
        await alarm.wait(backoff.maxMs)
        continue
      }
      const began = performance.now()
      await serveOne().catch((thrown: unknown) => {
        const { code, message, hint = '' } = asEdgeloopError(thrown)
        // Being out of reach is an ordinary state of an edge; anything else is said, once.
        if (code !== 'UNAVAILABLE' && message !== complaint) console.error('relay:', message, hint)
        complaint = message
      })
      failures = performance.now() - began > GOOD_MS ? 0 : failures + 1
      if (!closing.signal.aborted) await alarm.wait(backoffDelay(backoff, failures))
    }
  }

  const following = follow()
  return {
    get connected() {
      return connected
    },
    pause(now) {
      if (now === paused) return
      paused = now
      alarm.ring()
      if (paused) for (const line of lines) line.close()
    },
    async close() {
      closing.abort()
      alarm.ring()
      const ending = [...lines].map((line) => end(line))
      await Promise.all([following, ...ending])
    },
  }
}

function end(line: ServerHttp2Session): Promise<void> {
  return new Promise((resolve) => {
    const breakOff = setTimeout(() => line.destroy(), GRACE_MS)
    line.once('close', () => {
      clearTimeout(breakOff)
      resolve()
    })
    line.close()
  })
}
