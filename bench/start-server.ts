import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import type { createTeardown } from '../lib/teardown/index.ts'
import { freePort } from '../platform/ports/index.ts'

export interface StartedServer {
  url: string
  pid: number
  /** Asks the process itself, by message, and waits for what it says. */
  ask(message: string): Promise<unknown>
}

/** Starts a server in a process of its own, which listens at `$HOST:$PORT`, and waits until it answers. */
export async function startServer(
  file: string,
  env: Readonly<Record<string, string>>,
  teardown: ReturnType<typeof createTeardown>
): Promise<StartedServer> {
  const port = await freePort('127.0.0.1')
  const url = `http://127.0.0.1:${port}`
  const child = execa(process.execPath, [file], {
    env: { ...env, HOST: '127.0.0.1', PORT: String(port) },
    reject: false,
    buffer: false,
    ipc: true,
    stderr: 'inherit',
  })
  teardown.add(async () => {
    child.kill('SIGKILL')
    await child
  })
  while (!(await fetch(url, { method: 'POST' }).catch(() => undefined))) await sleep(50)
  return {
    url,
    pid: child.pid!,
    async ask(message) {
      const answer = child.getOneMessage()
      await child.sendMessage(message)
      return answer
    },
  }
}
