import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { Run } from '../../lib/dataset/index.ts'
import { type JobMessage, readJobMessage } from '../job-message/index.ts'

const main = fileURLToPath(new URL('../job/main.ts', import.meta.url))

/** What is to be trained, and for which time this is tried. */
export interface JobRequest {
  run: Run
  /** From 1; a failed job counts, one that was only left behind does not. */
  attempt: number
}

/** How a job ended: with a version, or not. */
export type JobEnd = { version: number } | { error: string }

/**
 * Starts a training job somewhere, or finds the one of this attempt again; the local platform has processes, a cluster
 * has Jobs. Aborting the signal says that the controller goes away: a process ends with it, a Job goes on by itself.
 *
 * @throws EdgeloopError when it cannot be started now, which is not the job's failure
 */
export type StartJob = (
  job: JobRequest,
  onProgress: (stage: string, done: number) => void,
  signal: AbortSignal
) => Promise<JobEnd>

/** Jobs as processes of this machine, which end with the controller. */
export function processJobs(environment: Readonly<Record<string, string>>): StartJob {
  return async ({ run }, onProgress, signal) => {
    let end: JobEnd | undefined
    const job = execa(process.execPath, ['--import', 'tsx', main], {
      env: { ...environment, RUN: run.id },
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
      const message = readJobMessage(line)
      if (!message) continue
      if ('stage' in message) onProgress(message.stage, message.done)
      else end = jobEnd(message)
    }
    const { exitCode, signal: killedBy } = await job
    const how = killedBy ? `was killed by ${killedBy}` : `ended with exit code ${exitCode}, without a word`
    return end ?? { error: `the job ${how}` }
  }
}

/** What a job's last word means. */
export function jobEnd(message: Exclude<JobMessage, { stage: string }>): JobEnd {
  return 'version' in message ? message : { error: message.error.error }
}
