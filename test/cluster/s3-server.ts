import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { createObjectStore, type ObjectStore } from '../../lib/s3/index.ts'

/** The Go module of a real S3 server, Apache-2.0. */
const MODULE = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0'

export interface S3Server {
  accessKeyId: string
  secretAccessKey: string
  store: ObjectStore
  close(): Promise<void>
}

/** Builds versitygw once, and serves a bucket from a directory at all addresses of this machine. */
export async function startS3(directory: string, port: number, bucket: string): Promise<S3Server> {
  const binary = await build()
  const [accessKeyId, secretAccessKey] = ['edgeloop-test', 'edgeloop-test-secret']
  const data = path.join(directory, 'data')
  await mkdir(data, { recursive: true })
  const server = execa(binary, ['--port', `0.0.0.0:${port}`, '--quiet', 'posix', data], {
    env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
    stdout: 'ignore',
    stderr: 'inherit',
    reject: false,
    buffer: false,
  })
  const store = createObjectStore({
    endpoint: `http://127.0.0.1:${port}`,
    bucket,
    accessKeyId,
    secretAccessKey,
  })
  for (let attempt = 0; ; attempt++) {
    const made = await store.ensureBucket().then(
      () => true,
      (error: unknown) => {
        if (attempt > 50) throw error
        return false
      }
    )
    if (made) break
    await sleep(200)
  }
  return {
    accessKeyId,
    secretAccessKey,
    store,
    async close() {
      store.close()
      server.kill()
      await server
    },
  }
}

async function build(): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache')
  const target = path.join(cache, 'edgeloop-versitygw', MODULE.split('@')[1]!)
  await execa('go', ['install', MODULE], {
    env: { GOBIN: target, CGO_ENABLED: '0' },
    stdio: ['ignore', 2, 2],
  })
  return path.join(target, 'versitygw')
}
