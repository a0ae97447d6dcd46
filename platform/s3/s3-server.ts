/** The S3 of the local platform: one process, one directory, and nothing that is answered 200 before it is on disk. @module */
import { mkdir } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import { z } from 'zod'
import { syncDirectory } from '../../lib/database/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { createS3App } from './app.ts'
import { openBlobStore } from './blob-store.ts'
import { BUCKET_NAME } from './buckets.ts'
import { type MetaStore, openMetaStore } from './meta-store.ts'

const Options = z.object({
  directory: z.string().min(1),
  port: z.int().min(0).max(65_535).default(0),
  host: z.string().min(1).default('127.0.0.1'),
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  buckets: z.array(z.string().regex(BUCKET_NAME, 'is not a bucket name')).default([]),
})

export interface S3ServerOptions {
  /** Where everything is kept. One server at a time. */
  directory: string
  /** 0, the default, takes a free one. */
  port?: number
  /** @default '127.0.0.1' */
  host?: string
  accessKeyId: string
  secretAccessKey: string
  /** Created where they do not exist. */
  buckets?: string[]
  /** Told of every failure that is not the client's. */
  onError?: (error: unknown) => void
}

export interface S3Server {
  /** `http://HOST:PORT` */
  url: string
  port: number
  /** Ends the connections and closes the database; what was answered stays. */
  close(): Promise<void>
}

/**
 * Starts an S3 server (path style, signature version 4). Throws `INVALID_INPUT` for its options, `CONFLICT` where the
 * port is taken.
 */
export async function createS3Server({ onError, ...given }: S3ServerOptions): Promise<S3Server> {
  const parsed = Options.safeParse(given)
  if (!parsed.success) {
    throw new EdgeloopError('INVALID_INPUT', z.prettifyError(parsed.error), { where: 'S3 server options' })
  }
  const { directory, port, host, buckets, ...credentials } = parsed.data
  await mkdir(directory, { recursive: true })
  const meta = await openMetaStore(join(directory, 'meta'))
  try {
    await ensureBuckets(meta, buckets)
    const blobs = await openBlobStore(join(directory, 'blobs'))
    await blobs.sweep(meta.files())
    await syncDirectory(directory)
    const app = createS3App({ store: { meta, blobs }, credentials, onError })
    const server = createAdaptorServer({ fetch: app.fetch, hostname: host }) as Server
    // Large bodies over slow lines take as long as they take.
    server.requestTimeout = 0
    // Longer than any client keeps an idle socket, so that none is closed under a request that is on its way.
    server.keepAliveTimeout = 75_000
    await listen(server, port, host)
    const bound = (server.address() as AddressInfo).port
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`
    return {
      url,
      port: bound,
      async close() {
        await stop(server)
        // A transaction on a closed database would end the process.
        await app.idle()
        await meta.close()
      },
    }
  } catch (error) {
    await meta.close()
    throw error
  }
}

async function ensureBuckets(meta: MetaStore, names: readonly string[]): Promise<void> {
  await meta.transaction(() => {
    for (const name of names) if (!meta.buckets.get(name)) meta.buckets.putSync(name, { created: Date.now() })
  })
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const code = cause.code === 'EADDRINUSE' ? 'CONFLICT' : 'UNAVAILABLE'
      const hint = code === 'CONFLICT' ? 'Another program uses this port; choose another one.' : undefined
      reject(new EdgeloopError(code, cause.message, { where: `${host}:${port}`, hint, cause }))
    })
    server.listen(port, host, () => resolve())
  })
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
