import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../platform/ports/index.ts'
import { temporaryDirectory } from '../../test/support/index.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let server: ReturnType<typeof serve>
let url: string

const serve = (env: Record<string, string>) =>
  execa(process.execPath, ['--import', 'tsx', main], { env, reject: false, buffer: false, stderr: 'inherit' })

beforeEach(async () => {
  temporary = await temporaryDirectory('template')
  await writeFile(path.join(temporary.directory, 'key'), 'secret')
  const port = await freePort('127.0.0.1')
  url = `http://127.0.0.1:${port}`
  server = serve({ HOST: '127.0.0.1', PORT: String(port), SECRETS_DIR: temporary.directory })
  await vi.waitFor(async () => expect((await fetch(`${url}/_/ready`)).status).toBe(200), { timeout: 20_000 })
})
afterEach(async () => {
  server.kill('SIGKILL')
  await server
  await temporary.remove()
})

describe('the server of a function', () => {
  it('serves the handler', async () => {
    const response = await fetch(url, { method: 'POST', body: 'hello' })
    expect(await response.text()).toBe('You said: hello')
    expect(await (await fetch(`${url}/_/health`)).text()).toBe('OK')
  })

  it('is not healthy without a secret that it had', async () => {
    await rm(path.join(temporary.directory, 'key'))
    const response = await fetch(`${url}/_/health`)
    expect([response.status, await response.text()]).toEqual([
      503,
      `${path.join(temporary.directory, 'key')} has vanished`,
    ])
  })

  it('ends when it is told to', async () => {
    server.kill('SIGTERM')
    expect(await server).toMatchObject({ exitCode: 0 })
  })
})
