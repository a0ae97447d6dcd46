import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { EdgeloopError } from '../errors/index.ts'
import { type OnUpgrade, takeUpgrades } from './upgrades.ts'

/** What Hono calls `c.env`: the request as Node has it. */
export interface NodeBindings {
  incoming: IncomingMessage
  outgoing: ServerResponse
}

export interface WebServerOptions {
  fetch(request: Request, env: NodeBindings): Response | Promise<Response>
  /** Sees every request before `fetch`; what it does not answer itself it hands on. */
  intercept?(incoming: IncomingMessage, outgoing: ServerResponse, next: () => void): void
  host: string
  /** 0 takes a free one. */
  port: number
  /** For messages: what cannot listen. */
  name: string
  /** Decides on requests to speak another protocol; without this, they are answered like any other. */
  onUpgrade?: OnUpgrade
  /** How long running requests may take to end when the server closes, in milliseconds; a second when absent. */
  graceMs?: number
}

export interface WebServer {
  /** `http://HOST:PORT`, as reached from this machine. */
  url: string
  port: number
  /** Takes no more requests, lets those that run end for as long as it was told, and breaks off what is left. */
  close(): Promise<void>
}

const GRACE_MS = 1000

/** @throws EdgeloopError UNAVAILABLE when it cannot listen, with what is in the way */
export async function serveHttp(options: WebServerOptions): Promise<WebServer> {
  const { host, port, name, onUpgrade, graceMs = GRACE_MS } = options
  const answer = listenerOf(options)
  let running = 0
  let stop: (() => void) | undefined
  function onEnd(): void {
    running--
    if (!stop) return
    if (running === 0) stop()
    // Its connection, once it is counted as idle.
    else setImmediate(() => server.closeIdleConnections())
  }
  const server = createServer((incoming, outgoing) => {
    if (stop) {
      refuse(outgoing, name)
      return
    }
    running++
    outgoing.once('close', onEnd)
    answer(incoming, outgoing)
  })
  const upgraded = onUpgrade && takeUpgrades(server, onUpgrade)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new EdgeloopError('UNAVAILABLE', `${name} cannot listen: ${reasonOf(cause)}`, {
          where: `${host}:${port}`,
          hint: 'stop what uses the port, or choose another one',
          cause,
        })
      )
    )
    server.listen(port, host, resolve)
  })
  // Running out of file descriptors, say: a connection is lost, the server goes on.
  server.on('error', (error) => console.error(`${name}:`, error.message))
  const bound = (server.address() as AddressInfo).port
  return {
    url: `http://${hostFromHere(host)}:${bound}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        // What is left then are connections that ask nothing, and those that speak something else.
        stop = () => {
          server.closeAllConnections()
          for (const socket of upgraded ?? []) socket.destroy()
        }
        const breakOff = setTimeout(stop, graceMs)
        server.close(() => {
          clearTimeout(breakOff)
          resolve()
        })
        if (running === 0) stop()
      }),
  }
}

/** A request that came on a connection that is kept: its sender could not know. */
function refuse(outgoing: ServerResponse, name: string): void {
  const error = new EdgeloopError('UNAVAILABLE', `${name} is stopping`, { hint: 'try again in a moment' })
  outgoing.writeHead(error.status, {
    'Content-Type': 'application/json',
    'Retry-After': '1',
    Connection: 'close',
  })
  outgoing.end(JSON.stringify(error))
}

/** What a URL names to reach something on this machine that listens there. */
export function hostFromHere(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => void

function listenerOf({ fetch, intercept, host }: WebServerOptions): Listener {
  const listener = getRequestListener((request, env) => fetch(request, env as NodeBindings), {
    hostname: host,
  })
  if (!intercept) return (incoming, outgoing) => void listener(incoming, outgoing)
  return (incoming, outgoing) => intercept(incoming, outgoing, () => void listener(incoming, outgoing))
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return code === 'EADDRINUSE' ? 'the port is in use' : message
}
