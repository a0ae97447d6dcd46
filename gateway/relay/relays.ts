import { type ClientHttp2Session, connect, constants } from 'node:http2'
import type { Duplex } from 'node:stream'
import { targetOf } from '../../lib/forwarding/index.ts'
import { FUNCTIONS_HINT, SETTINGS, type Watch, watchLine, widen } from '../../lib/relay-line/index.ts'
import { functionPath } from '../function-path.ts'
import { exchange } from './exchange.ts'
import { OutOfReach } from './out-of-reach.ts'

export interface RelaysOptions {
  /** When a line counts as dead that says nothing. */
  watch?: Watch
}

/** The edges that have a line to this gateway. */
export interface Relays {
  /** Takes a connection on which the edge's agent awaits requests from now on. A newer one replaces the older one. */
  accept(edge: string, socket: Duplex & { readonly bytesRead: number }): void
  /** The edges in reach, by name. */
  edges(): string[]
  /**
   * Sends a request to a function at an edge; its URL path is what the function is to see. Bodies are streamed.
   * @throws OutOfReach before anything is sent; EdgeloopError UNAVAILABLE when it goes out of reach before it has answered
   */
  invoke(edge: string, name: string, request: Request, namespace?: string): Promise<Response>
  /** Sends a request to an edge's agent itself. @throws as `invoke` */
  ask(edge: string, path: string, request: Request): Promise<Response>
  /** Tells every edge in reach that what runs there may have changed. */
  hint(): void
  /** Lets go of every line, once requests under way have ended or a moment has passed. */
  close(): Promise<void>
}

/** How long requests under way may take when the gateway closes, in milliseconds. */
const GRACE_MS = 1000

export function createRelays({ watch }: RelaysOptions = {}): Relays {
  const lines = new Map<string, ClientHttp2Session>()

  function lineTo(edge: string): ClientHttp2Session {
    const line = lines.get(edge)
    if (line) return line
    throw new OutOfReach(edge, {
      hint: lines.size > 0 ? `in reach: ${[...lines.keys()].sort().join(', ')}` : 'no edge is in reach now',
    })
  }

  return {
    accept(edge, socket) {
      const line = connect(`http://${edge}`, { createConnection: () => socket, ...SETTINGS })
      const forget = () => {
        if (lines.get(edge) === line) lines.delete(edge)
      }
      // An edge out of reach is no error of this gateway; whoever has asked it hears of it.
      line.on('error', forget).on('close', forget).on('goaway', forget)
      line.once('connect', () => widen(line))
      watchLine(line, () => socket.bytesRead, watch)
      // An agent opens a second one when the first is dead, or thought to be.
      lines.get(edge)?.destroy()
      lines.set(edge, line)
    },

    edges: () => [...lines.keys()].sort(),

    async invoke(edge, name, request, namespace) {
      const line = lineTo(edge)
      return exchange(line, edge, functionPath(name, namespace, targetOf(request)), request)
    },

    ask: async (edge, path, request) => exchange(lineTo(edge), edge, path, request),

    hint() {
      for (const [edge, line] of lines)
        exchange(line, edge, FUNCTIONS_HINT, new Request(`http://${edge}/`, { method: 'POST' })).then(
          (response) => response.body?.cancel(),
          // It asks by itself, too.
          () => {}
        )
    },

    async close() {
      const closing = [...lines.values()].map(
        (line) =>
          new Promise<void>((resolve) => {
            const breakOff = setTimeout(() => line.destroy(undefined, constants.NGHTTP2_CANCEL), GRACE_MS)
            line.once('close', () => {
              clearTimeout(breakOff)
              resolve()
            })
            line.close()
          })
      )
      lines.clear()
      await Promise.all(closing)
    },
  }
}
