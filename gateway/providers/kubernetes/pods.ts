import type { V1Pod } from '@kubernetes/client-node'
import { ANNOTATIONS, FUNCTION_LABEL } from './names.ts'
import { POD_PORT } from './workload.ts'

/** The pods of each function, and who waits for a change of them. */
export interface Pods {
  of(namespace: string, name: string): V1Pod[]
  /** Where its pods that take requests listen; the same list until they change. */
  origins(namespace: string, name: string): readonly string[]
  changed(before: V1Pod | undefined, after: V1Pod | undefined): void
  /** Calls back at each change of a function's pods until it is told to stop. */
  watch(namespace: string, name: string, listener: () => void): () => void
}

interface Group {
  pods: Map<string, V1Pod>
  origins: readonly string[]
}

export function createPods(): Pods {
  const groups = new Map<string, Group>()
  const listeners = new Map<string, Set<() => void>>()
  const keyOf = (namespace: string, name: string) => `${namespace}/${name}`
  const keyOfPod = ({ metadata }: V1Pod) =>
    keyOf(metadata!.namespace!, metadata!.labels?.[FUNCTION_LABEL] ?? '')

  return {
    of: (namespace, name) => [...(groups.get(keyOf(namespace, name))?.pods.values() ?? [])],
    origins: (namespace, name) => groups.get(keyOf(namespace, name))?.origins ?? [],
    changed(before, after) {
      const pod = (after ?? before)!
      const key = keyOfPod(pod)
      const pods = groups.get(key)?.pods ?? new Map<string, V1Pod>()
      if (after) pods.set(pod.metadata!.name!, after)
      else pods.delete(pod.metadata!.name!)
      if (pods.size === 0) groups.delete(key)
      else groups.set(key, { pods, origins: [...pods.values()].flatMap(originOf) })
      for (const listener of [...(listeners.get(key) ?? [])]) listener()
    },
    watch(namespace, name, listener) {
      const key = keyOf(namespace, name)
      const all = listeners.get(key) ?? new Set()
      listeners.set(key, all.add(listener))
      return () => {
        all.delete(listener)
        if (all.size === 0 && listeners.get(key) === all) listeners.delete(key)
      }
    },
  }
}

function originOf(pod: V1Pod): string[] {
  const address = pod.status?.podIP
  if (!address || !takesRequests(pod)) return []
  return [`http://${address.includes(':') ? `[${address}]` : address}:${POD_PORT}`]
}

/** One that is to end may answer still, and gets nothing new. */
export function takesRequests({ metadata, status }: V1Pod): boolean {
  if (metadata?.deletionTimestamp) return false
  return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
}

export function isRunning({ status }: V1Pod): boolean {
  return status?.containerStatuses?.[0]?.state?.running !== undefined
}

/** Whether a pod was made from the present state of its workload. */
export function isOfRevision({ metadata }: V1Pod, revision: string | undefined): boolean {
  return metadata?.annotations?.[ANNOTATIONS.revision] === revision
}

/** What a pod waits for that comes by itself. */
const NO_TROUBLE = ['ContainerCreating', 'PodInitializing']

/** Why a pod does not start or goes on ending, in Kubernetes' words; undefined while it may still come right. */
export function troubleOf({ status }: V1Pod): string | undefined {
  const container = status?.containerStatuses?.[0]
  const { waiting } = container?.state ?? {}
  if (waiting?.reason && !NO_TROUBLE.includes(waiting.reason)) {
    const ended = container?.lastState?.terminated
    const why =
      waiting.reason === 'CrashLoopBackOff' && ended
        ? `ended with ${ended.exitCode} (${ended.reason})`
        : waiting.message
    return why ? `${waiting.reason}: ${why}` : waiting.reason
  }
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled')
  return scheduled?.status === 'False' ? `${scheduled.reason}: ${scheduled.message}` : undefined
}
