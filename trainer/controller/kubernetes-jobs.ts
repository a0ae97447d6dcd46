import { setTimeout as sleep } from 'node:timers/promises'
import type { V1Job, V1Pod } from '@kubernetes/client-node'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import type { KubernetesClient } from '../../lib/kubernetes/index.ts'
import { followJobLog } from './job-log.ts'
import { JOB_LABEL, type JobSettings, jobName, jobObject } from './job-object.ts'
import { cannotStart, outcomeOf, whyItWaits } from './job-outcome.ts'
import type { JobEnd, StartJob } from './start-job.ts'

export interface KubernetesJobsOptions extends JobSettings {
  client: KubernetesClient
  /** How often a Job is looked at, in milliseconds. */
  pollMs?: number
  /** How long a pod may wait for what it cannot start without, such as its image, in milliseconds. */
  startMs?: number
}

const POLL_MS = 1000
/** How long a pod may wait for what it cannot start without, such as its image, in milliseconds. */
const START_MS = 10 * 60_000
/** How long the last lines of a log may take to come, in milliseconds. */
const LAST_LINES_MS = 1000

/**
 * Training as Kubernetes Jobs: one for each attempt, whose name says which, so that a controller that comes back finds it
 * running, or how it has ended.
 */
export function kubernetesJobs(options: KubernetesJobsOptions): StartJob {
  const { client, namespace, pollMs = POLL_MS, startMs = START_MS } = options
  const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`
  const pods = `/api/v1/namespaces/${namespace}/pods`

  return async (job, onProgress, signal) => {
    const name = jobName(job)
    const where = `Job ${namespace}/${name}`
    await client.create(jobs, jobObject(options, job)).catch((error: unknown) => {
      if (asEdgeloopError(error).code !== 'CONFLICT') throw error
    })
    const reading = new AbortController()
    const log = followJobLog({ client, pods, signal: reading.signal, retryMs: pollMs, onProgress })
    let remark = ''
    let stuckSince: number | undefined

    async function look(): Promise<JobEnd | undefined> {
      const [found, pod] = await Promise.all([
        client.find<V1Job>(`${jobs}/${name}`),
        newestPod(client, pods, name),
      ])
      if (pod && pod.status?.phase !== 'Pending') log.follow(pod)
      const outcome = outcomeOf(found, pod, options)
      if (outcome) {
        // Progress that was said just before the end.
        await Promise.race([log.ended(), sleep(LAST_LINES_MS, undefined, { ref: false })])
        return (outcome.silent && log.end()) || outcome
      }
      const waiting = pod && whyItWaits(pod)
      if (waiting && waiting !== remark) console.error(`run ${job.run.id} waits: ${waiting}`)
      remark = waiting ?? ''
      stuckSince = pod && cannotStart(pod) ? (stuckSince ?? performance.now()) : undefined
      if (stuckSince === undefined || performance.now() - stuckSince < startMs) return undefined
      // It must not start after all, beside the next attempt.
      await client.remove(`${jobs}/${name}`, BACKGROUND)
      return { error: `the job could not start: ${waiting}` }
    }

    async function end(): Promise<JobEnd> {
      for (;;) {
        // It goes on, and is found again by its name.
        if (signal.aborted) return { error: 'the controller has left it' }
        const outcome = await look().catch((error: unknown) => {
          // The Job does not need the API server, which comes back.
          if (error instanceof EdgeloopError && error.code === 'UNAVAILABLE') return undefined
          throw error
        })
        if (outcome) return 'error' in outcome ? { error: `${outcome.error} (${where})` } : outcome
        await sleep(pollMs, undefined, { signal }).catch(() => {})
      }
    }
    return end().finally(() => reading.abort())
  }
}

/** Its pod goes with it. */
const BACKGROUND = { propagationPolicy: 'Background' }

async function newestPod(client: KubernetesClient, pods: string, name: string): Promise<V1Pod | undefined> {
  const { items } = await client.list<V1Pod>(pods, { labelSelector: `${JOB_LABEL}=${name}` })
  const at = ({ metadata }: V1Pod) => String(metadata?.creationTimestamp ?? '')
  return items.sort((a, b) => at(b).localeCompare(at(a)))[0]
}
