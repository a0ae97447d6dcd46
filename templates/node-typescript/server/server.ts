import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { durationMs } from './duration.ts'
import type { Metrics } from './metrics.ts'
import type { Settings } from './settings.ts'

export interface FunctionServerOptions {
  /** The handler's app. */
  fetch(request: Request): Response | Promise<Response>
  settings: Settings
  metrics: Metrics
  /** Names what the container has lost. */
  vanished(): Promise<string | undefined>
}

export interface FunctionServer {
  server: Server
  /** Unready at once, then no new requests, then those that began may end; resolves when nothing runs. */
  stop(): Promise<void>
}

/**
 * Serves a function and what of-watchdog serves beside it, on one port: `/_/health` and `/_/ready`. Each request
 * is counted, limited and timed here, on Node's own objects: that costs little beside the handler.
 */
export function createFunctionServer({
  fetch,
  settings,
  metrics,
  vanished,
}: FunctionServerOptions): FunctionServer {
  const handle = getRequestListener(fetch)
  let running = 0
  let stopping = false

  async function look(outgoing: ServerResponse, limited: boolean): Promise<void> {
    const missing = await vanished()
    if (stopping) say(outgoing, 503, 'stopping')
    else if (missing) say(outgoing, 503, `${missing} has vanished`)
    else if (limited && isFull()) say(outgoing, 429, 'as many requests as it takes are being answered')
    else say(outgoing, 200, 'OK')
  }

  const isFull = () => settings.maxInflight > 0 && running >= settings.maxInflight

  function answer(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const began = performance.now()
    // A connection that stays open would be used for a request that nobody takes any more.
    if (stopping) outgoing.setHeader('Connection', 'close')
    running++
    metrics.began()
    const limit = timeLimit(incoming)
    const timer = limit > 0 ? setTimeout(() => cutOff(outgoing, limit), limit) : undefined
    outgoing.once('close', () => {
      clearTimeout(timer)
      running--
      metrics.ended(incoming.method!, outgoing.statusCode, (performance.now() - began) / 1000)
    })
    handle(incoming, outgoing).catch((error: unknown) => {
      console.error(error)
      outgoing.destroy()
    })
  }

  /** `X-Timeout` may make it shorter, never longer. */
  function timeLimit({ headers }: IncomingMessage): number {
    const header = headers['x-timeout']
    const most = settings.execTimeoutMs
    const asked = header === undefined ? undefined : durationMs(String(header))
    if (!asked) return most
    return most > 0 ? Math.min(most, asked) : asked
  }

  const server = createServer((incoming, outgoing) => {
    const { url } = incoming
    if (url === '/_/health') look(outgoing, false).catch(() => outgoing.destroy())
    else if (url === '/_/ready') look(outgoing, true).catch(() => outgoing.destroy())
    else if (isFull()) {
      incoming.resume()
      outgoing.setHeader('Retry-After', '1')
      say(outgoing, 429, `it is answering ${running} requests, and takes no more at a time`)
    } else answer(incoming, outgoing)
  })
  // A photo over a bad line may take its time; whoever is in front has its own limits.
  server.requestTimeout = 0

  return {
    server,
    async stop() {
      stopping = true
      await pause(settings.lameDuckMs)
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      const idle = setInterval(() => server.closeIdleConnections(), 20)
      const breakOff = setTimeout(() => server.closeAllConnections(), settings.graceMs)
      await closed
      clearInterval(idle)
      clearTimeout(breakOff)
    },
  }
}

/** As of-watchdog says that the limit is its own and not the function's. */
function cutOff(outgoing: ServerResponse, limit: number): void {
  if (outgoing.headersSent) {
    outgoing.destroy()
    return
  }
  outgoing.setHeader('X-OpenFaaS-Internal', 'of-watchdog')
  say(outgoing, 504, `the function took longer than ${limit / 1000} s`)
}

function say(outgoing: ServerResponse, status: number, text: string): void {
  outgoing.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text)
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
