import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from '../../deploy/images/index.ts'
import { createTeardown } from '../../lib/teardown/index.ts'
import { startServer } from '../start-server.ts'

/** The function, asked directly, through the gateway, and through a bare proxy. */
export interface Processes {
  direct: string
  gateway: string
  proxy: string
  /** Resident memory of the gateway, in bytes. */
  memory(): Promise<number>
  close(): Promise<void>
}

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

/** Starts each in a process of its own, as containers hold them. */
export async function startProcesses(): Promise<Processes> {
  const teardown = createTeardown()
  const directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-bench-'))
  teardown.add(() => rm(directory, { recursive: true, force: true }))

  const start = (name: string, env: Record<string, string>) =>
    startServer(path.join(directory, `${name}.js`), env, teardown)

  try {
    await bundle({
      processes: {
        function: here('../../templates/node-typescript/main.ts'),
        gateway: here('gateway.main.ts'),
        proxy: here('proxy.main.ts'),
      },
      handler: here('echo.fixture.ts'),
      directory,
    })
    const secrets = { 'basic-auth-user': 'admin', 'basic-auth-password': 'secret' }
    for (const [name, value] of Object.entries(secrets)) await writeFile(path.join(directory, name), value)
    const { url: direct } = await start('function', {})
    const gateway = await start('gateway', { ORIGIN: direct, CREDENTIALS_DIR: directory })
    const proxy = await start('proxy', { ORIGIN: direct })
    return {
      direct,
      gateway: `${gateway.url}/function/echo`,
      proxy: proxy.url,
      // Field 2 of proc_pid_statm(5), in pages.
      memory: async () => Number((await readFile(`/proc/${gateway.pid}/statm`, 'utf8')).split(' ')[1]) * 4096,
      close: teardown.run,
    }
  } catch (error) {
    await teardown.run()
    throw error
  }
}
