import type {
  V1ContainerStateTerminated,
  V1ContainerStateWaiting,
  V1Job,
  V1Pod,
} from '@kubernetes/client-node'
import { readJobMessage } from '../job-message/index.ts'
import { JOB_CONTAINER, type JobSettings } from './job-object.ts'
import { type JobEnd, jobEnd } from './start-job.ts'

/**
 * How a Job has ended, as far as can be told from its pod and itself; undefined while it goes on.
 * `silent` where its process has ended without its last word: its log may have it.
 */
export function outcomeOf(
  job: V1Job | undefined,
  pod: V1Pod | undefined,
  { deadlineSeconds, resources }: Pick<JobSettings, 'deadlineSeconds' | 'resources'>
): (JobEnd & { silent?: true }) | undefined {
  const ended = terminated(pod)
  const said = ended?.message === undefined ? undefined : readJobMessage(ended.message)
  if (said && !('stage' in said)) return jobEnd(said)
  const failed = job?.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True')
  // Its pod is ended then, which says nothing about why.
  if (failed?.reason === 'DeadlineExceeded')
    return { error: `the job took longer than ${deadlineSeconds} seconds` }
  if (ended?.reason === 'OOMKilled')
    return { error: `the job needed more memory than ${resources.limits?.memory ?? 'there is'}` }
  if (ended) return { error: `the job ended ${how(ended)}, without a word`, silent: true }
  // Evicted, say, or its node has gone.
  if (pod?.status?.phase === 'Failed')
    return { error: `the job's pod failed: ${pod.status.message ?? pod.status.reason ?? 'nobody says why'}` }
  if (!job || job.metadata?.deletionTimestamp)
    return { error: 'the Job has vanished: somebody has deleted it' }
  if (failed) return { error: `the job failed: ${failed.message ?? failed.reason ?? 'nobody says why'}` }
  return undefined
}

/** Whether a pod has its node and still does not start, for want of its image or a Secret, say. */
export function cannotStart(pod: V1Pod): boolean {
  const waiting = waitingOf(pod)
  return waiting !== undefined && waiting.reason !== 'ContainerCreating'
}

/** Why a pod does not run yet, where somebody says so. */
export function whyItWaits(pod: V1Pod): string | undefined {
  const { status } = pod
  if (status?.phase !== 'Pending') return undefined
  if (cannotStart(pod)) {
    const { reason, message } = waitingOf(pod)!
    return [reason, message].filter(Boolean).join(': ')
  }
  const unscheduled = status.conditions?.find(
    ({ type, status }) => type === 'PodScheduled' && status === 'False'
  )
  return unscheduled?.message
}

function waitingOf({ status }: V1Pod): V1ContainerStateWaiting | undefined {
  if (status?.phase !== 'Pending') return undefined
  return status.containerStatuses?.find(({ name }) => name === JOB_CONTAINER)?.state?.waiting
}

function terminated(pod: V1Pod | undefined): V1ContainerStateTerminated | undefined {
  return pod?.status?.containerStatuses?.find(({ name }) => name === JOB_CONTAINER)?.state?.terminated
}

function how({ signal, exitCode }: V1ContainerStateTerminated): string {
  return signal ? `by signal ${signal}` : `with exit code ${exitCode}`
}
