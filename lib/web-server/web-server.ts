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
}

export interface WebServer {
  /** `http://HOST:PORT`, as reached from this machine. */
  url: string
  port: number
  /** Takes no more connections, lets running requests end for a moment, and breaks off what is left. */
  close(): Promise<void>
}

/** How long running requests may take to end when the server closes, in milliseconds. */
const GRACE_MS = 1000
/** How often connections are looked for whose request has ended meanwhile, in milliseconds. */
const LOOK_MS = 20

/** @throws EdgeloopError UNAVAILABLE when it cannot listen, with what is in the way */
export async function serveHttp(options: WebServerOptions): Promise<WebServer> {
  const { host, port, name, onUpgrade } = options
  const server = createServer(listenerOf(options))
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
        const letGo = setInterval(() => server.closeIdleConnections(), LOOK_MS)
        const breakOff = setTimeout(() => {
          server.closeAllConnections()
          for (const socket of upgraded ?? []) socket.destroy()
        }, GRACE_MS)
        server.close(() => {
          clearInterval(letGo)
          clearTimeout(breakOff)
          resolve()
        })
      }),
  }
}

/** What a URL names to reach something on this machine that listens there. */
export function hostFromHere(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function listenerOf({ fetch, intercept, host }: WebServerOptions) {
  const listener = getRequestListener((request, env) => fetch(request, env as NodeBindings), {
    hostname: host,
  })
  if (!intercept) return listener
  return (incoming: IncomingMessage, outgoing: ServerResponse) =>
    intercept(incoming, outgoing, () => void listener(incoming, outgoing))
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return code === 'EADDRINUSE' ? 'the port is in use' : message
}
