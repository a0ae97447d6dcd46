import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { bundle } from '../../deploy/images/index.ts'
import { createTeardown } from '../../lib/teardown/index.ts'
import { freePort } from '../../platform/ports/index.ts'

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

  async function start(name: string, env: Record<string, string>) {
    const port = await freePort('127.0.0.1')
    const url = `http://127.0.0.1:${port}`
    const child = execa(process.execPath, [path.join(directory, `${name}.js`)], {
      env: { ...env, HOST: '127.0.0.1', PORT: String(port) },
      reject: false,
      buffer: false,
      stderr: 'inherit',
    })
    teardown.add(async () => {
      child.kill('SIGKILL')
      await child
    })
    while (!(await fetch(url, { method: 'POST' }).catch(() => undefined))) await sleep(50)
    return { url, pid: child.pid }
  }

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
