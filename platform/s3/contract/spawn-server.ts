/** A server in a process of its own, that can be killed, and whose disk can be full. @module */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { S3ServerOptions } from '../index.ts'

/** `fileLimit`, in KiB, is the size beyond which no file of its can grow: it stands in for a full disk. */
export async function spawnServer(
  options: S3ServerOptions,
  fileLimit?: number
): Promise<{ child: ChildProcess; endpoint: string }> {
  // Without a handler the signal that announces the limit ends the process before the write can fail.
  const program = `
    process.on('SIGXFSZ', () => undefined)
    const { createS3Server } = await import(${JSON.stringify(new URL('../index.ts', import.meta.url).href)})
    console.log((await createS3Server(${JSON.stringify(options)})).url)`
  const limit = fileLimit === undefined ? '' : `ulimit -f ${fileLimit * 2}; `
  const script = `${limit}exec "$0" --import tsx --input-type=module -e "$1"`
  const child = spawn('sh', ['-c', script, process.execPath, program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  return { child, endpoint: line.toString().trim() }
}
