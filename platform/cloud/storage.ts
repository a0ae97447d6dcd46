import path from 'node:path'
import { createObjectStore, type ObjectStore } from '../../lib/s3/index.ts'
import { createS3Server } from '../s3/index.ts'
import type { StateDirectory } from '../state/index.ts'

const BUCKET = 'edgeloop'

/** The bucket of the local platform, served by this process. */
export interface Storage {
  port: number
  /** Address and credentials, as functions, agents and jobs expect them in their environment. */
  environment: Readonly<Record<string, string>>
  store: ObjectStore
  close(): Promise<void>
}

export async function startStorage(state: StateDirectory): Promise<Storage> {
  const { accessKeyId, secretAccessKey, directory: SECRETS_DIR } = state.secrets
  const s3 = await createS3Server({
    directory: path.join(state.path, 's3'),
    port: 0,
    host: '127.0.0.1',
    accessKeyId,
    secretAccessKey,
    buckets: [BUCKET],
  })
  const store = createObjectStore({ endpoint: s3.url, bucket: BUCKET, accessKeyId, secretAccessKey })
  return {
    port: s3.port,
    environment: { S3_ENDPOINT: s3.url, S3_BUCKET: BUCKET, SECRETS_DIR },
    store,
    async close() {
      store.close()
      await s3.close()
    },
  }
}
