import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { type JobMessage, jobMessage } from '../job/index.ts'

const main = fileURLToPath(new URL('../job/main.ts', import.meta.url))

/** How a job ended: with a version, or not. */
export type JobEnd = { version: number } | { error: string }

/** Starts a training job somewhere; the local platform has processes, a cluster has Jobs. */
export type StartJob = (
  run: string,
  onProgress: (stage: string, done: number) => void,
  signal: AbortSignal
) => Promise<JobEnd>

/** Jobs as processes of this machine; aborting the signal ends them. */
export function processJobs(environment: Readonly<Record<string, string>>): StartJob {
  return async (run, onProgress, signal) => {
    let end: JobEnd | undefined
    const job = execa(process.execPath, ['--import', 'tsx', main], {
      env: { ...environment, RUN: run },
      // The channel tells the job when this process is gone, even by SIGKILL.
      ipc: true,
      cancelSignal: signal,
      forceKillAfterDelay: 2000,
      reject: false,
      stderr: 'inherit',
      stdout: ['pipe'],
      buffer: false,
    })
    for await (const line of job) {
      const message = readMessage(line)
      if (!message) continue
      if ('stage' in message) onProgress(message.stage, message.done)
      else if ('version' in message) end = message
      else end = { error: message.error.error }
    }
    const { exitCode, signal: killedBy } = await job
    const how = killedBy ? `was killed by ${killedBy}` : `ended with exit code ${exitCode}, without a word`
    return end ?? { error: `the job ${how}` }
  }
}

function readMessage(line: string): JobMessage | undefined {
  try {
    return jobMessage.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}
