/**
 * Sends photos to an edge as a device would, and prints what the edge answers.
 *
 *     npm run device -- --broker mqtt://127.0.0.1:1883 cat.jpg dog.jpg
 * @module
 */
import path from 'node:path'
import { Command } from 'commander'
import { asEdgeloopError } from '../lib/errors/index.ts'
import type { Answer } from '../lib/messages/index.ts'
import { photoHash } from '../lib/photo/index.ts'
import { createDevice, openDiskOutbox, replayFiles } from './index.ts'

/** How long an answer may take before the command gives up waiting, in milliseconds. */
const PATIENCE_MS = 30_000

const program = new Command('edgeloop-device')
  .description('Sends photos to an edge by MQTT and prints the answers.')
  .requiredOption('--broker <URL>', "the edge's broker, such as mqtt://127.0.0.1:1883")
  .option('--name <NAME>', 'what this device is called', 'camera')
  .option('--outbox <DIR>', 'where photos wait for the edge, through restarts; in memory when absent')
  .argument('<photos...>', 'JPEG, PNG or WebP files')
  .action(send)

interface SendOptions {
  broker: string
  name: string
  outbox?: string
}

async function send(files: string[], { broker, name, outbox: folder }: SendOptions): Promise<void> {
  const waiting = new Map<string, string>()
  let allAnswered = () => {}
  const answered = new Promise<void>((resolve) => {
    allAnswered = resolve
  })
  const outbox = folder === undefined ? undefined : await openDiskOutbox(resolve(folder))
  const device = createDevice({
    name,
    broker,
    outbox,
    onAnswer(answer) {
      const file = waiting.get(answer.photo)
      if (file === undefined) return
      waiting.delete(answer.photo)
      process.stdout.write(`${file}: ${describe(answer)}\n`)
      if (waiting.size === 0) allAnswered()
    },
  })
  const timer = setTimeout(allAnswered, PATIENCE_MS)
  try {
    const paths = files.map(resolve)
    for await (const { bytes, name: file } of replayFiles(paths)) {
      waiting.set(photoHash(bytes), file ?? 'photo')
      await device.send(bytes)
    }
    await answered
    for (const file of waiting.values()) process.stdout.write(`${file}: on the edge's disk, no answer yet\n`)
  } finally {
    clearTimeout(timer)
    await device.close()
    await outbox?.close()
  }
}

/** As whoever typed it means it, wherever npm runs this. */
function resolve(file: string): string {
  return path.resolve(process.env.INIT_CWD ?? '.', file)
}

function describe(answer: Answer): string {
  if ('error' in answer) return answer.error
  const { label } = answer.labels[0]!
  return `${label}, ${(answer.confidence * 100).toFixed(1)} % sure (${answer.model.name} version ${answer.model.version})`
}

try {
  await program.parseAsync()
} catch (thrown) {
  const { message, hint } = asEdgeloopError(thrown)
  process.stderr.write(`${message}${hint ? `\n  what to do: ${hint}` : ''}\n`)
  process.exitCode = 1
}
