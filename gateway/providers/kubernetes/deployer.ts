import { setTimeout as sleep } from 'node:timers/promises'
import pLimit from 'p-limit'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { KubernetesClient } from '../../../lib/kubernetes/index.ts'
import { type Deployment, readDeployment, scalingOf, traitsOf } from '../../../lib/stack/index.ts'
import { requirePlacement, wishOf } from '../../placement/index.ts'
import { DEFAULT_NAMESPACE } from '../../provider.ts'
import { putAutoscaler } from './autoscaler.ts'
import type { ClusterView } from './cluster-view.ts'
import { firstDifference } from './compare.ts'
import type { FoundFunction } from './found-function.ts'
import { ANNOTATIONS, paths } from './names.ts'
import { readNode, requirePodNetwork } from './node.ts'
import { createPortAllocator, PORTS, type PortRange } from './ports.ts'
import { profilesIn } from './profiles.ts'
import { requireSecrets } from './secrets.ts'
import { networkOf, type Workload, workloadOf } from './workload.ts'

export interface DeployerOptions {
  client: KubernetesClient
  view: ClusterView
  profilesNamespace: string
  ports?: PortRange
}

/** Changes what runs in the cluster: one change after the other, so that no port is given out twice. */
export interface Deployer {
  /** Names of the nodes where it would run. */
  plan(deployment: Deployment): Promise<string[]>
  deploy(deployment: Deployment): Promise<void>
  remove(name: string, namespace?: string): Promise<boolean>
  scale(fn: FoundFunction, replicas: number): Promise<void>
}

/** How often a change is tried again that met somebody else's. */
const ATTEMPTS = 5
/** How soon it is looked again whether a namespace has its service account, in milliseconds. */
const ACCOUNT_MS = 500
/** More would be a slip of the pen, and a burden for the whole cluster. */
const MOST_REPLICAS = 1000
const KINDS = ['Deployment', 'DaemonSet'] as const

export function createDeployer({
  client,
  view,
  profilesNamespace,
  ports = PORTS,
}: DeployerOptions): Deployer {
  const change = pLimit(1)
  const freePort = createPortAllocator(ports)

  /** All that can be known without asking the cluster to make it. */
  async function plan(candidate: Deployment) {
    const deployment = readDeployment(candidate)
    const { service } = deployment
    const namespace = deployment.namespace || DEFAULT_NAMESPACE
    requireNamespace(view, namespace)
    const profiles = await profilesIn(client, profilesNamespace, traitsOf(deployment).profiles)
    const wish = wishOf(deployment, profiles)
    const nodes = requirePlacement(service, wish, view.nodes().map(readNode))
    const network = networkOf(deployment, wish.profile)
    if (network === 'host-port')
      requirePodNetwork(
        service,
        nodes.map(({ name }) => view.node(name)!)
      )
    const pullSecrets = await requireSecrets(client, deployment, namespace)
    return { deployment, service, namespace, wish, nodes, network, pullSecrets }
  }

  async function deploy(candidate: Deployment): Promise<void> {
    const { deployment, service, namespace, wish, network, pullSecrets } = await plan(candidate)
    const before = await find(namespace, service)
    const asked = (replicas: number): Workload =>
      workloadOf({
        deployment,
        namespace,
        wish,
        port: network === 'pod' ? undefined : (portOf(before) ?? freePort(usedPorts())),
        replicas,
        pullSecrets,
        // An image that is always pulled may be another one under the same name.
        salt: wish.profile.imagePullPolicy === 'Always' ? new Date().toISOString() : undefined,
      })
    const spec = before.find(({ kind }) => kind === 'Deployment')?.spec as { replicas?: number } | undefined
    const made = await put(asked(replicasOf(deployment, spec?.replicas)), before)
    await putAutoscaler(client, deployment, made)
  }

  /** What is there of a function, its kind being what a profile may have changed. */
  async function find(namespace: string, name: string): Promise<Workload[]> {
    const found = await Promise.all(
      KINDS.map(async (kind) => {
        const workload = await client.find<Workload>(paths.workload(namespace, kind, name))
        return workload && ({ ...workload, kind } as Workload)
      })
    )
    const workloads = found.filter((each) => each !== undefined)
    const foreign = workloads.find(({ metadata }) => !metadata!.annotations?.[ANNOTATIONS.deployment])
    if (foreign)
      throw new EdgeloopError(
        'CONFLICT',
        `${namespace} has a ${foreign.kind} "${name}" that is no function`,
        {
          where: name,
          hint: 'give the function another name',
        }
      )
    return workloads
  }

  function usedPorts(): Set<number> {
    return new Set(view.functions().flatMap(({ port }) => port ?? []))
  }

  /** Asks first what would become of it, so that nothing is changed that cannot be as it is asked for. */
  async function put(asked: Workload, before: Workload[]): Promise<Workload> {
    const would = await write(asked, { dryRun: 'All' })
    requireSame(asked, would)
    await requirePod(would)
    const made = await write(asked, {})
    view.putWorkload(made)
    requireSame(asked, made)
    for (const other of before) if (other.kind !== asked.kind) await removeWorkload(other)
    return made
  }

  /** A workload may name classes that do not exist, and break rules of its namespace: only its pods would be refused. */
  async function requirePod({ metadata, spec }: Workload): Promise<void> {
    const { namespace, name } = metadata as { namespace: string; name: string }
    const { metadata: about, spec: podSpec } = spec!.template
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...about, generateName: `${name}-` },
      spec: podSpec,
    }
    for (let attempt = 1; ; attempt++) {
      try {
        await client.create(paths.pods(namespace), pod, { dryRun: 'All' })
        return
      } catch (thrown) {
        const { message } = thrown as Error
        // An update may need no more than there is room for.
        if (message.includes('exceeded quota')) return
        // A namespace that was made a moment ago.
        if (!message.includes('error looking up service account') || attempt === ATTEMPTS) throw thrown
        await sleep(ACCOUNT_MS)
      }
    }
  }

  async function write(asked: Workload, query: { dryRun?: 'All' }): Promise<Workload> {
    const { kind, metadata } = asked
    const { namespace, name } = metadata as { namespace: string; name: string }
    for (let attempt = 1; ; attempt++) {
      try {
        const there = await client.find<Workload>(paths.workload(namespace, kind, name))
        const { resourceVersion } = there?.metadata ?? {}
        const made = there
          ? await client.replace(
              paths.workload(namespace, kind, name),
              { ...asked, metadata: { ...metadata, resourceVersion } },
              query
            )
          : await client.create(paths.workloads(namespace, kind), asked, query)
        return { ...made, kind } as Workload
      } catch (error) {
        // Its controller writes its status, say.
        const isRace = error instanceof EdgeloopError && error.code === 'CONFLICT'
        if (!isRace || attempt === ATTEMPTS) throw error
      }
    }
  }

  async function removeWorkload(workload: Workload): Promise<void> {
    const { namespace, name } = workload.metadata!
    await client.remove(paths.workload(namespace!, workload.kind, name!), { propagationPolicy: 'Background' })
    view.dropWorkload(workload)
  }

  return {
    plan: async (deployment) => (await plan(deployment)).nodes.map(({ name }) => name),
    deploy: (deployment) => change(() => deploy(deployment)),
    remove: (name, namespace = DEFAULT_NAMESPACE) =>
      change(async () => {
        if (!view.function(namespace, name)) return false
        const workloads = await find(namespace, name)
        for (const workload of workloads) await removeWorkload(workload)
        return workloads.length > 0
      }),
    scale: ({ workload, namespace, name }, replicas) =>
      change(async () => {
        if (workload.kind === 'DaemonSet')
          throw new EdgeloopError(
            'INVALID_INPUT',
            `${name} runs once on each of its nodes, not ${replicas} times`,
            {
              where: 'replicas',
              hint: `switch it off at an edge: PUT /system/places/EDGE/functions/${name} {"enabled": false}`,
            }
          )
        if (replicas > MOST_REPLICAS)
          throw new EdgeloopError('INVALID_INPUT', `${name} cannot have ${replicas} pods`, {
            where: 'replicas',
            hint: `ask for ${MOST_REPLICAS} at most`,
          })
        const path = paths.workload(namespace, workload.kind, name)
        const scaled = await client.merge<Workload>(path, { spec: { replicas } })
        view.putWorkload({ ...scaled, kind: 'Deployment' } as Workload)
      }),
  }
}

function requireNamespace(view: ClusterView, namespace: string): void {
  const names = view.namespaces().map(({ metadata }) => metadata!.name!)
  if (names.includes(namespace)) return
  throw new EdgeloopError('INVALID_INPUT', `there is no namespace "${namespace}" for functions`, {
    where: 'namespace',
    hint: `namespaces: ${names.join(', ') || 'none'}`,
  })
}

/** What the cluster answers must be what was asked for. */
function requireSame(asked: Workload, got: Workload): void {
  const difference = firstDifference(asked.spec, got.spec, 'spec')
  if (!difference) return
  const { field } = difference
  const written = (value: unknown) => JSON.stringify(value)?.slice(0, 200) ?? 'nothing'
  throw new EdgeloopError(
    'INVALID_INPUT',
    `the cluster makes something else of ${asked.metadata!.name}: ${field} was to be ${written(difference.asked)} ` +
      `and would be ${written(difference.got)}`,
    { where: field, hint: 'an admission webhook changes it, or this Kubernetes does not know the field' }
  )
}

function portOf(workloads: Workload[]): number | undefined {
  const port = workloads.map(({ metadata }) => metadata!.annotations?.[ANNOTATIONS.port]).find(Boolean)
  return port === undefined ? undefined : Number(port)
}

/** As many as there are, between its min and its max; one that sleeps goes on sleeping. */
function replicasOf(deployment: Deployment, now: number | undefined): number {
  if (now === 0) return 0
  const { min, max = Number.POSITIVE_INFINITY } = scalingOf(deployment)
  return Math.min(max, Math.max(min, now ?? min))
}
