import type { V1Node, V1Pod } from '@kubernetes/client-node'
import { switchLabel } from '../../placement/index.ts'
import type { ClusterView } from './cluster-view.ts'
import type { FoundFunction } from './found-function.ts'
import { isEdge, readNode } from './node.ts'
import { isOfRevision, isRunning, takesRequests, troubleOf } from './pods.ts'

/** How many pods there should be, how many take requests, and what holds the others up. */
export interface Rollout {
  replicas: number
  availableReplicas: number
  /** "2 of 3 edges updated; edge-7 offline since 2026-11-23T17:40:11.000Z" */
  status: string | undefined
}

export function rolloutOf(fn: FoundFunction, view: ClusterView): Rollout {
  const pods = view.pods.of(fn.namespace, fn.name)
  const { workload } = fn
  if (workload.kind === 'DaemonSet') return overNodes(fn, pods, nodesOf(fn, view), view)
  const replicas = workload.spec?.replicas ?? 1
  const staying = pods.filter(({ metadata }) => !metadata!.deletionTimestamp)
  const current = staying.filter((pod) => isOfRevision(pod, fn.revision))
  const updated = current.filter(takesRequests).length
  const older = staying.length - current.length
  const troubles = [
    ...(older > 0 ? [`${older} of an earlier version not gone yet`] : []),
    ...current.flatMap((pod) => sentence(pod.metadata!.name!, troubleOf(pod))),
  ]
  const isDone = updated >= replicas && troubles.length === 0
  return {
    replicas,
    availableReplicas: Math.min(replicas, pods.filter(takesRequests).length),
    status: isDone ? undefined : [`${updated} of ${replicas} pods updated`, ...troubles].join('; '),
  }
}

/** Where it runs, those nodes not included on which it is switched off. */
export function nodesOf({ name, suits }: FoundFunction, view: ClusterView): V1Node[] {
  return view.nodes().filter((node) => suits(readNode(node)) && !isSwitchedOff(name, node))
}

export function isSwitchedOff(name: string, { metadata }: V1Node): boolean {
  return metadata!.labels?.[switchLabel(name)] === 'disabled'
}

/** Which pod a node will keep: not one that is to end. */
function overNodes(fn: FoundFunction, pods: V1Pod[], nodes: V1Node[], view: ClusterView): Rollout {
  let updated = 0
  let available = 0
  const troubles: string[] = []
  for (const node of nodes) {
    const name = node.metadata!.name!
    const there = pods.filter(({ spec }) => spec?.nodeName === name)
    const current = there.find((pod) => isOfRevision(pod, fn.revision) && !pod.metadata!.deletionTimestamp)
    const offline = view.offlineSince(name)
    // Of a node out of reach it is only known what was so before.
    if (current && (offline ? isRunning(current) : takesRequests(current))) updated++
    if (!offline && there.some(takesRequests)) available++
    if (offline) troubles.push(`${name} offline since ${offline.toISOString()}`)
    else if (current) troubles.push(...sentence(name, troubleOf(current)))
  }
  const places = nodes.every(isEdge) ? 'edge' : 'node'
  const count = `${updated} of ${nodes.length} ${places}${nodes.length === 1 ? '' : 's'} updated`
  return {
    replicas: nodes.length,
    availableReplicas: available,
    status: [count, ...troubles].join('; '),
  }
}

const sentence = (where: string, trouble: string | undefined) => (trouble ? [`${where}: ${trouble}`] : [])
