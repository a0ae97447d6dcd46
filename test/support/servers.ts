import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { type EdgeloopEvent, eventRequest } from '../../lib/events/index.ts'
import type { Environment, FunctionModule } from '../../lib/function/index.ts'
import { photoHash } from '../../lib/photo/index.ts'

interface Listening {
  /** `http://127.0.0.1:PORT` */
  url: string
  close(): Promise<void>
}

/** Anything that answers requests, on a free port of 127.0.0.1. */
export async function serve(
  fetch: (request: Request) => Response | Promise<Response>,
  port = 0
): Promise<Listening> {
  const server = createAdaptorServer({ fetch, hostname: '127.0.0.1' }) as Server
  // Longer than any client keeps an idle socket, so that none is closed under a request that is on its way.
  server.keepAliveTimeout = 75_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A function behind HTTP. */
export interface ServedFunction {
  url: string
  /** Sends an event in binary mode. */
  send(event: EdgeloopEvent): Promise<Response>
  close(): Promise<void>
}

/** Starts a function as whoever runs one does: with an environment, behind a real server. */
export async function serveFunction(
  module: FunctionModule,
  environment: Environment
): Promise<ServedFunction> {
  await module.start?.(environment)
  const server = await serve(async (request) => module.default.fetch(request, environment))
  return {
    url: server.url,
    send: (event) => fetch(eventRequest(`${server.url}/`, event)),
    async close() {
      await server.close()
      await module.stop?.(environment)
    },
  }
}

/** A node's photo store: photos by hash, until they are taken out again. */
export interface PhotoServer {
  put(bytes: Uint8Array): string
  remove(hash: string): void
  urlOf(hash: string): string
  close(): Promise<void>
}

export async function servePhotos(): Promise<PhotoServer> {
  const photos = new Map<string, Uint8Array>()
  const server = await serve((request) => {
    const bytes = photos.get(new URL(request.url).pathname.replace('/photos/', ''))
    return bytes ? new Response(Buffer.from(bytes)) : new Response('gone', { status: 404 })
  })
  return {
    put(bytes) {
      const hash = photoHash(bytes)
      photos.set(hash, bytes)
      return hash
    },
    remove: (hash) => photos.delete(hash),
    urlOf: (hash) => `${server.url}/photos/${hash}`,
    close: server.close,
  }
}
