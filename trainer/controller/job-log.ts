import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { V1Pod } from '@kubernetes/client-node'
import type { KubernetesClient } from '../../lib/kubernetes/index.ts'
import { readJobMessage } from '../job-message/index.ts'
import { JOB_CONTAINER } from './job-object.ts'
import { type JobEnd, jobEnd } from './start-job.ts'

export interface JobLogOptions {
  client: KubernetesClient
  /** The path of the pods. */
  pods: string
  onProgress(stage: string, done: number): void
  /** How long after a broken connection the next one is tried, in milliseconds. */
  retryMs: number
  signal: AbortSignal
}

/** What a Job's pod writes. */
export interface JobLog {
  /** Reads the log of this pod, from its beginning; a pod that is being read is not read twice. */
  follow(pod: V1Pod): void
  /** Resolves when the log has been read to its end. */
  ended(): Promise<void>
  /** The job's last word, where it was in the log. */
  end(): JobEnd | undefined
}

/** Follows a pod's log for as long as it runs, over broken connections, and tells what the job says in it. */
export function followJobLog({ client, pods, onProgress, retryMs, signal }: JobLogOptions): JobLog {
  let pod: string | undefined
  let reading = Promise.resolve()
  let end: JobEnd | undefined

  function take(line: string): void {
    const message = readJobMessage(line)
    if (!message) return
    if ('stage' in message) onProgress(message.stage, message.done)
    else end = jobEnd(message)
  }

  async function read(name: string): Promise<void> {
    let seen = 0
    while (!signal.aborted && pod === name && !end) {
      try {
        const query = { follow: true, container: JOB_CONTAINER }
        const log = await client.stream(`${pods}/${name}/log`, query, signal)
        let line = 0
        for await (const text of createInterface({ input: log })) {
          if (++line <= seen) continue
          seen = line
          take(text)
        }
        // A log that ends has been read, unless the connection was closed over it: then what comes is new.
        if (log.complete) return
      } catch {
        // The log is for watching; how the job ends is read elsewhere.
      }
      await sleep(retryMs, undefined, { signal }).catch(() => {})
    }
  }

  return {
    follow({ metadata }) {
      if (pod === metadata?.name) return
      pod = metadata?.name
      if (pod !== undefined) reading = read(pod)
    },
    ended: () => reading,
    end: () => end,
  }
}
