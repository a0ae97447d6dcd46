import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../platform/ports/index.ts'

const BINARY = 'mosquitto'

export interface Mosquitto {
  url: string
  /** Ends it at once, or lets it write what it has. */
  stop(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>
  start(): Promise<void>
}

/** Whether the real mosquitto is installed. */
export function isMosquittoInstalled(): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${BINARY}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/**
 * The real mosquitto with the configuration that is shipped, but for places and passwords.
 * @param directory of its own
 * @param more lines of configuration
 */
export async function startMosquitto(directory: string, more: readonly string[] = []): Promise<Mosquitto> {
  const shipped = await readFile(new URL('../../deploy/mosquitto/mosquitto.conf', import.meta.url), 'utf8')
  const port = await freePort('127.0.0.1')
  const file = path.join(directory, 'mosquitto.conf')
  const lines = shipped
    .replace(/^persistence_location .*$/m, `persistence_location ${directory}/`)
    .replace(/^listener .*$/m, `listener ${port} 127.0.0.1`)
    .replace(/^allow_anonymous .*$/m, 'allow_anonymous true')
    .replace(/^password_file .*$/m, '')
  // As root it would become a user who may not write there.
  await writeFile(file, [lines, 'user root', ...more, ''].join('\n'))
  let child: ReturnType<typeof spawn>
  const mosquitto: Mosquitto = {
    url: `mqtt://127.0.0.1:${port}`,
    async start() {
      child = spawn(BINARY, ['-c', file], { stdio: 'ignore' })
      while (!(await answers(port))) {
        if (child.exitCode !== null) throw new Error(`mosquitto does not start with ${file}`)
        await sleep(20)
      }
    },
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
    },
  }
  await mosquitto.start()
  return mosquitto
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const connected = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  })
  socket.destroy()
  return connected
}
