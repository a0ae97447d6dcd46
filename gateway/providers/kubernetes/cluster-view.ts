import type { V1Lease, V1Namespace, V1Node, V1Pod } from '@kubernetes/client-node'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import {
  createMirror,
  type KubernetesClient,
  type KubernetesObject,
  type Mirror,
  type MirrorOptions,
} from '../../../lib/kubernetes/index.ts'
import { DEFAULT_NAMESPACE } from '../../provider.ts'
import { type FoundFunction, readFunction } from './found-function.ts'
import { createHeartbeats } from './heartbeats.ts'
import { ANNOTATIONS, FUNCTION_LABEL, paths } from './names.ts'
import { createPods, type Pods } from './pods.ts'
import { giveRights } from './rights.ts'
import type { Workload } from './workload.ts'

/** The cluster as far as functions go, kept up to date: what is asked of it costs no request. */
export interface ClusterView {
  nodes(): V1Node[]
  node(name: string): V1Node | undefined
  /** Since when a node has given no sign of life; undefined while it does, and while nobody can know. */
  offlineSince(node: string): Date | undefined
  /** Those for functions. */
  namespaces(): V1Namespace[]
  /** @throws EdgeloopError UNAVAILABLE while it is not known which functions the namespace has */
  function(namespace: string, name: string): FoundFunction | undefined
  /** @throws EdgeloopError UNAVAILABLE while it is not known which functions the namespace has, or any of them */
  functions(namespace?: string): FoundFunction[]
  pods: Pods
  /** Resolves when the functions of a namespace are known, or should be by now. */
  loaded(namespace: string): Promise<void>
  /** Take over what a change has answered. */
  putNamespace(namespace: V1Namespace): void
  dropNamespace(namespace: V1Namespace): void
  putWorkload(workload: Workload): void
  dropWorkload(workload: Workload): void
  putNode(node: V1Node): void
  close(): void
}

/** The objects of one namespace for functions. */
interface Room {
  deployments: Mirror<Workload>
  daemonSets: Mirror<Workload>
  pods: Mirror<V1Pod>
}

/** How long the API may take to say what there is when the gateway starts, in milliseconds. */
const START_MS = 30_000
/** How long namespaces may hold it up that can do without, in milliseconds. */
const OTHERS_MS = 3000

/** @throws EdgeloopError with the reason when the cluster cannot be seen */
export async function openClusterView(client: KubernetesClient): Promise<ClusterView> {
  const rooms = new Map<string, Room>()
  const pods = createPods()
  const heartbeats = createHeartbeats()
  const report = (path: string) => (error: EdgeloopError) =>
    console.error(`cannot follow ${path}: ${error.message}${error.hint ? ` (${error.hint})` : ''}`)
  const mirror = <T extends KubernetesObject>(
    path: string,
    more: Partial<Pick<MirrorOptions<T>, 'labelSelector' | 'onChange' | 'onTrouble'>> = {}
  ) => createMirror<T>({ client, path, onTrouble: report(path), ...more })

  function open(namespace: string): void {
    if (rooms.has(namespace)) return
    const labelSelector = FUNCTION_LABEL
    /** Somebody made the namespace and annotated it by hand, or this gateway was stopped between the two. */
    const onTrouble = (error: EdgeloopError) => {
      report(namespace)(error)
      if (error.code === 'MISCONFIGURED' && namespace !== DEFAULT_NAMESPACE)
        giveRights(client, namespace).catch(report(paths.roleBindings(namespace)))
    }
    rooms.set(namespace, {
      deployments: mirror(paths.workloads(namespace, 'Deployment'), { labelSelector, onTrouble }),
      daemonSets: mirror(paths.workloads(namespace, 'DaemonSet'), { labelSelector, onTrouble }),
      pods: mirror<V1Pod>(paths.pods(namespace), { labelSelector, onChange: pods.changed, onTrouble }),
    })
  }

  /** A function that is overlooked would be taken from its edges, and its port given to another one. */
  function requireLoaded(namespace: string): void {
    const room = rooms.get(namespace)
    if (!room || mirrorsOf(room).every((each) => each.isLoaded())) return
    throw new EdgeloopError('UNAVAILABLE', `which functions ${namespace} has is not known yet`, {
      where: namespace,
      hint: `try again in a moment; if that does not help, see the gateway's log for why it cannot read ${namespace}`,
    })
  }

  function leave(namespace: string): void {
    const room = rooms.get(namespace)
    rooms.delete(namespace)
    if (!room) return
    for (const each of mirrorsOf(room)) each.close()
    for (const pod of [...room.pods.values()]) pods.changed(pod, undefined)
  }

  async function ready(namespace: string, timeoutMs: number): Promise<void> {
    const room = rooms.get(namespace)
    if (room) await Promise.all(mirrorsOf(room).map((each) => each.ready(timeoutMs)))
  }
  /** Whoever needs them is told when they are not. */
  const loaded = (namespace: string) => ready(namespace, OTHERS_MS).catch(() => {})

  const nodes = mirror<V1Node>(paths.nodes)
  const leases = mirror<V1Lease>(paths.leases, { onChange: heartbeats.changed })
  const namespaces = mirror<V1Namespace>(paths.namespaces, {
    onChange(before, after) {
      const name = (after ?? before)!.metadata!.name!
      if (after && isForFunctions(after)) open(name)
      else leave(name)
    },
  })
  const close = () => {
    for (const each of [nodes, leases, namespaces]) each.close()
    for (const namespace of [...rooms.keys()]) leave(namespace)
  }

  try {
    await Promise.all([nodes, leases, namespaces].map((each) => each.ready(START_MS)))
    await Promise.all([
      ready(DEFAULT_NAMESPACE, START_MS),
      ...[...rooms.keys()].map((namespace) => loaded(namespace)),
    ])
  } catch (error) {
    close()
    throw error
  }

  function* found(room: Room): Generator<FoundFunction> {
    for (const each of [room.deployments, room.daemonSets])
      for (const workload of each.values()) {
        const fn = readFunction(workload)
        if (fn) yield fn
      }
  }

  /** For a moment there may be both kinds, the one that replaces the other being younger. */
  function newest(
    some: FoundFunction | undefined,
    other: FoundFunction | undefined
  ): FoundFunction | undefined {
    if (!some || !other) return some ?? other
    return some.createdAt > other.createdAt ? some : other
  }

  function functionNamed(namespace: string, name: string): FoundFunction | undefined {
    requireLoaded(namespace)
    const room = rooms.get(namespace)
    const [deployment, daemonSet] = [room?.deployments.get(name), room?.daemonSets.get(name)]
    return newest(deployment && readFunction(deployment), daemonSet && readFunction(daemonSet))
  }

  return {
    nodes: () => [...nodes.values()],
    node: nodes.get,
    offlineSince: (node) => (leases.isCurrent() ? heartbeats.missingSince(node) : undefined),
    namespaces: () => [...namespaces.values()].filter(isForFunctions),
    function: functionNamed,
    functions(namespace) {
      const some = namespace === undefined ? [...rooms.keys()] : [namespace].filter((name) => rooms.has(name))
      for (const each of some) requireLoaded(each)
      const all = some.flatMap((each) => [...found(rooms.get(each)!)])
      return all.filter((fn) => functionNamed(fn.namespace, fn.name) === fn)
    },
    pods,
    loaded,
    putNamespace: namespaces.put,
    dropNamespace: namespaces.drop,
    putWorkload: (workload) => mirrorFor(workload)?.put(workload),
    dropWorkload: (workload) => mirrorFor(workload)?.drop(workload),
    putNode: nodes.put,
    close,
  }

  function mirrorFor({ kind, metadata }: Workload): Mirror<Workload> | undefined {
    const room = rooms.get(metadata!.namespace!)
    return kind === 'Deployment' ? room?.deployments : room?.daemonSets
  }
}

const mirrorsOf = (room: Room) => Object.values(room) as Mirror<KubernetesObject>[]

export function isForFunctions({ metadata }: V1Namespace): boolean {
  if (metadata!.deletionTimestamp) return false
  return (
    metadata!.name === DEFAULT_NAMESPACE ||
    ['1', 'true'].includes(metadata!.annotations?.[ANNOTATIONS.namespace] ?? '')
  )
}
