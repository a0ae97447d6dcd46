import path from 'node:path'
import type { Environment } from '../../lib/function/index.ts'
import { createObjectStore, type ObjectStore } from '../../lib/s3/index.ts'
import { createS3Server } from '../../platform/s3/index.ts'
import { temporaryDirectory } from './temporary.ts'

const credentials = { accessKeyId: 'edge', secretAccessKey: 'test-secret' }
const BUCKET = 'edgeloop'

/** A bucket on an S3 server of its own. */
export interface Bucket {
  store: ObjectStore
  /** How a function is told where it is. */
  environment: Environment
  /** All keys below a prefix. */
  keys(prefix: string): Promise<string[]>
  close(): Promise<void>
}

export async function openBucket(): Promise<Bucket> {
  const { directory, remove } = await temporaryDirectory('s3')
  const server = await createS3Server({
    directory: path.join(directory, 's3'),
    ...credentials,
    buckets: [BUCKET],
  })
  const store = createObjectStore({ endpoint: server.url, bucket: BUCKET, ...credentials })
  return {
    store,
    environment: {
      S3_ENDPOINT: server.url,
      S3_BUCKET: BUCKET,
      S3_ACCESS_KEY_ID: credentials.accessKeyId,
      S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    async keys(prefix) {
      const found: string[] = []
      for await (const { key } of store.list(prefix)) found.push(key)
      return found
    },
    async close() {
      store.close()
      await server.close()
      await remove()
    },
  }
}
