import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createS3Server, type S3Server } from './index.ts'
import { s3Contract } from './s3.contract.ts'

const credentials = { accessKeyId: 'contract', secretAccessKey: 'contract-secret/+' }

s3Contract('the local S3 server', async () => {
  const directory = await mkdtemp(join(tmpdir(), 's3-server-'))
  const failures: unknown[] = []
  const open = (port = 0): Promise<S3Server> =>
    createS3Server({
      directory,
      port,
      ...credentials,
      buckets: ['contract'],
      onError: (error) => failures.push(error),
    })
  let server = await open()
  return {
    endpoint: server.url,
    bucket: 'contract',
    strict: true,
    ...credentials,
    async restart() {
      await server.close()
      server = await open(server.port)
    },
    async close() {
      await server.close()
      await rm(directory, { recursive: true, force: true })
      expect(failures).toEqual([])
    },
  }
})

test('options are checked', async () => {
  const options = { directory: '', ...credentials, buckets: [] }
  await expect(createS3Server(options)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})

test('a taken port is a conflict', async () => {
  const directory = await mkdtemp(join(tmpdir(), 's3-server-'))
  const server = await createS3Server({ directory: join(directory, 'one'), ...credentials })
  const second = createS3Server({ directory: join(directory, 'two'), port: server.port, ...credentials })
  await expect(second).rejects.toMatchObject({ code: 'CONFLICT' })
  await server.close()
  await rm(directory, { recursive: true, force: true })
})
