/** The SDK's clients: one that retries, and one that does not, over the same sockets. @module */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { z } from 'zod'
import type { ObjectStoreOptionsSchema } from './options.ts'

/** Less than any server waits (Node's: 5 s): a socket that the server closes first fails the request that takes it. */
const IDLE_SOCKET_MS = 4_000

export interface Clients {
  retrying: S3Client
  /** For conditional puts: a retry could meet its own first attempt and take it for somebody else's. */
  once: S3Client
  close(): void
}

export function createClients(options: z.output<typeof ObjectStoreOptionsSchema>): Clients {
  // In every process that uses S3 it would tell people that later versions of it want a later Node.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const { endpoint, region, accessKeyId, secretAccessKey, checksums, maxSockets } = options
  const agent = { keepAlive: true, maxSockets, timeout: IDLE_SOCKET_MS }
  const config: S3ClientConfig = {
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    // Many servers other than Amazon's know nothing of the checksums that the SDK adds by default.
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    requestHandler: {
      connectionTimeout: options.connectTimeoutMs,
      socketTimeout: options.idleTimeoutMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
  }
  const retrying = new S3Client({ ...config, maxAttempts: options.attempts })
  const requestHandler = retrying.config.requestHandler
  const once = new S3Client({ ...config, requestHandler, maxAttempts: 1 })
  return {
    retrying,
    once,
    close: () => retrying.destroy(),
  }
}
