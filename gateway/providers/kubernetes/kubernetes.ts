import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { KubernetesClient } from '../../../lib/kubernetes/index.ts'
import { scalingOf } from '../../../lib/stack/index.ts'
import { switchLabel } from '../../placement/index.ts'
import { DEFAULT_NAMESPACE, type FunctionStatus, type PlacedFunction, type Provider } from '../../provider.ts'
import type { Relays } from '../../relay/index.ts'
import { askEdge } from '../choose-edge.ts'
import { createAgent } from '../sending/index.ts'
import { askPods } from './ask-pods.ts'
import { type ClusterView, openClusterView } from './cluster-view.ts'
import { createDeployer } from './deployer.ts'
import type { FoundFunction } from './found-function.ts'
import { logsOf } from './logs.ts'
import { paths } from './names.ts'
import { createNamespaces } from './namespaces.ts'
import { readNode } from './node.ts'
import type { PortRange } from './ports.ts'
import { createReach } from './reach.ts'
import { isSwitchedOff, nodesOf, rolloutOf } from './rollout.ts'
import { createSecrets } from './secrets.ts'
import { usageOf } from './usage.ts'

export interface KubernetesProviderOptions {
  client: KubernetesClient
  /** Where the cluster's profiles are. */
  profilesNamespace: string
  /** How functions at edges are reached; without, they are not. */
  relays?: Pick<Relays, 'edges' | 'invoke' | 'ask'>
  /** For functions at edges; 20000 to 21999 when absent. */
  ports?: PortRange
  /** How long a request may wait for a function to start, in milliseconds. */
  patienceMs?: number
}

/** Runs functions as Deployments and DaemonSets of a Kubernetes cluster. */
export async function createKubernetesProvider(options: KubernetesProviderOptions): Promise<Provider> {
  const { client, relays } = options
  const view = await openClusterView(client)
  const deployer = createDeployer({ ...options, view })
  const reach = createReach(view, scaleUp, options.patienceMs)
  const agent = createAgent()
  const invocations = new Map<string, number>()

  function existing(name: string, namespace: string): FoundFunction {
    const found = view.function(namespace, name)
    if (found) return found
    const deployed = view.functions(namespace).map((fn) => fn.name)
    throw new EdgeloopError('NOT_FOUND', `there is no function "${name}"`, {
      where: name,
      hint: `deployed: ${deployed.join(', ') || 'none'}`,
    })
  }

  function statusOf(fn: FoundFunction): FunctionStatus {
    const { service, ...asked } = fn.deployment
    return {
      name: service,
      ...asked,
      ...rolloutOf(fn, view),
      invocationCount: invocations.get(keyOf(fn)) ?? 0,
      createdAt: fn.createdAt,
    }
  }

  function count(fn: FoundFunction): void {
    const key = keyOf(fn)
    invocations.set(key, (invocations.get(key) ?? 0) + 1)
  }

  async function scaleUp(fn: FoundFunction): Promise<void> {
    const { spec } = view.function(fn.namespace, fn.name)?.workload ?? {}
    // Somebody else was first, or it was not scaled to 0 after all.
    if (!spec || !('replicas' in spec) || spec.replicas !== 0) return
    await deployer.scale(fn, scalingOf(fn.deployment).min)
  }

  function atEdge(fn: FoundFunction, request: Request): Promise<Response> {
    const places = nodesOf(fn, view).map(({ metadata }) => metadata!.name!)
    const reachable = relays?.edges() ?? []
    const inReach = places.filter((name) => reachable.includes(name))
    const asked = request.headers.get('x-edge')
    const choice = { deployment: fn.deployment, places, inReach, asked }
    return askEdge(choice, (edge) => relays!.invoke(edge, fn.name, request, fn.namespace))
  }

  const here = (fn: FoundFunction, request: Request) =>
    askPods(
      { name: fn.name, agent, originOf: (avoid) => reach.originOf(fn, avoid, () => request.signal) },
      request
    )

  function placedAt(place: string): PlacedFunction[] {
    const node = view.node(place)
    if (!node)
      throw new EdgeloopError('NOT_FOUND', `there is no edge "${place}"`, {
        where: place,
        hint: `nodes: ${view
          .nodes()
          .map(({ metadata }) => metadata!.name)
          .join(', ')}`,
      })
    return view.functions().flatMap((fn) => {
      if (fn.port === undefined || !runsAt(fn, place, view)) return []
      const disabled = isSwitchedOff(fn.name, node)
      return [{ ...statusOf(fn), port: fn.port, ...(disabled && { disabled }) }]
    })
  }

  return {
    name: 'edgeloop-kubernetes',
    secrets: createSecrets(client),
    namespaces: createNamespaces(client, view),
    list: async (namespace = DEFAULT_NAMESPACE) => view.functions(namespace).map(statusOf),
    listAt: async (place) =>
      place === undefined
        ? view.functions().flatMap((fn) => (fn.port === undefined ? [statusOf(fn)] : []))
        : placedAt(place),
    async get(name, namespace = DEFAULT_NAMESPACE, usage = false) {
      const fn = view.function(namespace, name)
      if (!fn || !usage) return fn && statusOf(fn)
      return { ...statusOf(fn), usage: await usageOf(client, namespace, name) }
    },
    plan: deployer.plan,
    deploy: deployer.deploy,
    async remove(name, namespace = DEFAULT_NAMESPACE) {
      invocations.delete(`${namespace}/${name}`)
      return deployer.remove(name, namespace)
    },
    async scale(name, replicas, namespace = DEFAULT_NAMESPACE) {
      const fn = view.function(namespace, name)
      if (!fn) return false
      if (replicas > 0) await deployer.scale(fn, replicas)
      else await reach.retiring(fn, () => deployer.scale(fn, 0))
      return true
    },
    async switchAt(edge, name, on) {
      const fns = view.functions().filter((fn) => fn.name === name)
      const node = view.node(edge)
      if (fns.length === 0) existing(name, DEFAULT_NAMESPACE)
      if (!node || !fns.some(({ suits }) => suits(readNode(node)))) {
        const edges = view.nodes().filter((each) => fns.some(({ suits }) => suits(readNode(each))))
        throw new EdgeloopError('NOT_FOUND', `${name} has no place at "${edge}"`, {
          where: edge,
          hint: `it belongs to: ${edges.map(({ metadata }) => metadata!.name).join(', ') || 'no node'}`,
        })
      }
      const labels = { [switchLabel(name)]: on ? null : 'disabled' }
      view.putNode(await client.merge(paths.node(edge), { metadata: { labels } }))
    },
    async invoke(name, request, namespace = DEFAULT_NAMESPACE) {
      const fn = existing(name, namespace)
      count(fn)
      return fn.port === undefined ? here(fn, request) : atEdge(fn, request)
    },
    async origin(name, namespace = DEFAULT_NAMESPACE, avoid = new Set(), leaving = undefined) {
      const fn = existing(name, namespace)
      if (fn.port !== undefined) return undefined
      // One invocation, however many pods are tried for it.
      if (avoid.size === 0) count(fn)
      return reach.originOf(fn, avoid, leaving)
    },
    async *logs(query, signal) {
      const { name, namespace = DEFAULT_NAMESPACE } = query
      if (!view.function(namespace, name)) return
      yield* logsOf({ client, view, relays }, { ...query, namespace }, signal)
    },
    async close() {
      view.close()
      client.close()
      agent.destroy()
    },
  }
}

const keyOf = ({ namespace, name }: FoundFunction) => `${namespace}/${name}`

/** A DaemonSet belongs to all its nodes, a Deployment is where its pods are. */
function runsAt(fn: FoundFunction, place: string, view: ClusterView): boolean {
  if (fn.workload.kind === 'DaemonSet') return fn.suits(readNode(view.node(place)!))
  return view.pods.of(fn.namespace, fn.name).some(({ spec }) => spec?.nodeName === place)
}
