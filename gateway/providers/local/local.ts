import pLimit from 'p-limit'
import { asEdgeloopError, EdgeloopError } from '../../../lib/errors/index.ts'
import { type Deployment, deployment as deploymentSchema, traitsOf } from '../../../lib/stack/index.ts'
import { type Node, type Placement, type Profile, placementOf } from '../../placement/index.ts'
import type { FunctionStatus, Provider } from '../../provider.ts'
import { type DeploymentRecord, deploymentFile } from './deployments.ts'
import { type RunningFunction, startFunction } from './running-function.ts'

export interface LocalProviderOptions {
  /** The node that this process is. */
  node: Node
  /** Where the list of deployments is kept. */
  directory: string
  profiles: ReadonlyMap<string, Profile>
  /** The handler file of each function. */
  handlers: ReadonlyMap<string, string>
  /** What this node knows better than stack.yml, laid over each function's environment: addresses, paths. */
  environment: Readonly<Record<string, string>>
  /** The other nodes, and how a function there is reached. */
  peers?: {
    nodes(): Node[]
    invoke(node: string, name: string, request: Request): Promise<Response>
  }
}

/** How long requests may take that a function is answering when it is replaced, in milliseconds. */
const GRACE_MS = 10_000

interface Entry {
  deployment: Deployment
  createdAt: string
  placement: Placement
  running: RunningFunction | undefined
  invocations: number
}

/**
 * Runs functions in this process where they belong on this node, and reaches them on other nodes. What was deployed
 * earlier and cannot run any more (its handler or profile has gone) is said and left out, and holds nothing else up.
 */
export async function createLocalProvider(options: LocalProviderOptions): Promise<Provider> {
  const { node, profiles, handlers, peers } = options
  const file = deploymentFile(options.directory)
  const entries = new Map<string, Entry>()
  /** Kept in the file, for when what they need is back. */
  const broken = new Map<string, DeploymentRecord>()
  /** One change after the other: two deployments of one function would leave one of them running for ever. */
  const change = pLimit(1)

  async function put(deployment: Deployment, createdAt: string): Promise<void> {
    const placement = placementOf(deployment, profiles)
    const previous = entries.get(deployment.service)
    if (previous && JSON.stringify(previous.deployment) === JSON.stringify(deployment)) return
    const running = placement(node) ? await startHere(deployment) : undefined
    const invocations = previous?.invocations ?? 0
    entries.set(deployment.service, { deployment, createdAt, placement, running, invocations })
    await previous?.running?.stop(GRACE_MS)
  }

  async function startHere(deployment: Deployment): Promise<RunningFunction> {
    const handler = handlers.get(deployment.service)
    if (!handler)
      throw new EdgeloopError('INVALID_INPUT', `${deployment.service} has no handler on this machine`, {
        where: 'service',
        hint: `functions here: ${[...handlers.keys()].join(', ')}`,
      })
    return startFunction(handler, { ...deployment.envVars, ...options.environment })
  }

  const save = () =>
    file.write([
      ...[...entries.values()].map(({ deployment, createdAt }) => ({ deployment, createdAt })),
      ...broken.values(),
    ])

  function statusOf({ deployment, placement, createdAt, invocations }: Entry): FunctionStatus {
    const { service, ...asked } = deployment
    const replicas = [node, ...(peers?.nodes() ?? [])].filter(placement).length
    return {
      name: service,
      ...asked,
      replicas,
      availableReplicas: replicas,
      invocationCount: invocations,
      createdAt,
    }
  }

  function reachElsewhere(entry: Entry, request: Request): Promise<Response> {
    const { service } = entry.deployment
    const places = (peers?.nodes() ?? []).filter(entry.placement).map(({ name }) => name)
    const asked = request.headers.get('x-edge')
    const chosen = asked ?? (traitsOf(entry.deployment).relay === 'any' ? places[0] : undefined)
    if (!peers || places.length === 0)
      throw new EdgeloopError('UNAVAILABLE', `no node in reach runs ${service}`, {
        where: service,
        hint: 'start an edge, or look at the profile of the function',
      })
    if (!chosen || !places.includes(chosen))
      throw new EdgeloopError('MISDIRECTED', `${service} runs at the edges: ${places.join(', ')}`, {
        where: 'X-Edge',
        hint: `name one with the header "X-Edge: ${places[0]}"`,
      })
    return peers.invoke(chosen, service, request)
  }

  for (const record of await file.read()) {
    const { service } = record.deployment
    await put(record.deployment, record.createdAt).catch((error: unknown) => {
      broken.set(service, record)
      console.error(`${service} is deployed and does not start: ${asEdgeloopError(error).message}`)
    })
  }

  return {
    name: 'edgeloop-local',
    list: async () => [...entries.values()].map(statusOf),
    listHere: async () => [...entries.values()].filter(({ running }) => running).map(statusOf),
    get: async (name) => {
      const entry = entries.get(name)
      return entry && statusOf(entry)
    },
    async deploy(candidate) {
      const deployment = deploymentSchema.parse(candidate)
      const { service } = deployment
      await change(async () => {
        const known = entries.get(service) ?? broken.get(service)
        await put(deployment, known?.createdAt ?? new Date().toISOString())
        broken.delete(service)
        await save()
      })
    },
    remove: (name) =>
      change(async () => {
        const entry = entries.get(name)
        if (!entry && !broken.has(name)) return false
        entries.delete(name)
        broken.delete(name)
        await save()
        await entry?.running?.stop(GRACE_MS)
        return true
      }),
    async invoke(name, request) {
      const entry = entries.get(name)
      if (!entry)
        throw new EdgeloopError('NOT_FOUND', `there is no function "${name}"`, {
          where: name,
          hint: `deployed: ${[...entries.keys()].join(', ') || 'none'}`,
        })
      entry.invocations++
      return entry.running ? entry.running.invoke(request) : reachElsewhere(entry, request)
    },
    close: () =>
      change(async () => {
        const stopping = [...entries.values()].map(({ running }) => running?.stop(0))
        entries.clear()
        const failed = (await Promise.allSettled(stopping)).find(({ status }) => status === 'rejected')
        if (failed?.status === 'rejected') throw failed.reason
      }),
  }
}
