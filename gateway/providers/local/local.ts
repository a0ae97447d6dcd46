import path from 'node:path'
import pLimit from 'p-limit'
import { asEdgeloopError, EdgeloopError } from '../../../lib/errors/index.ts'
import { type Deployment, deployment as deploymentSchema } from '../../../lib/stack/index.ts'
import { type Node, type Placement, type Profile, placementOf, switchLabel } from '../../placement/index.ts'
import {
  DEFAULT_NAMESPACE,
  type FunctionStatus,
  type LogLine,
  type LogQuery,
  type Namespace,
  type PlacedFunction,
  type Provider,
} from '../../provider.ts'
import { edgeLog } from '../../relay/index.ts'
import { askEdge } from '../choose-edge.ts'
import { mergeLogs } from '../merge-logs.ts'
import { createFunctionLog, type FunctionLog } from './function-log.ts'
import { type RunningFunction, startFunction } from './running-function.ts'
import { secretFiles } from './secret-files.ts'
import { type DeploymentRecord, localState } from './state.ts'

export interface LocalProviderOptions {
  /** The node that this process is. */
  node: Node
  /** Where it keeps what has to survive. */
  directory: string
  profiles: ReadonlyMap<string, Profile>
  /** The handler file of each function, whatever its namespace. */
  handlers: ReadonlyMap<string, string>
  /** What this node knows better than stack.yml, laid over each function's environment: addresses, paths. */
  environment: Readonly<Record<string, string>>
  /** Where secrets are kept, which functions get as SECRETS_DIR; below `directory` when absent. */
  secretsDirectory?: string
  /** The edges, and how a function there is reached. */
  peers?: {
    /** All that there are. */
    nodes(): Node[]
    /** Whether an edge can be reached now. */
    reaches(node: string): boolean
    invoke(node: string, name: string, request: Request, namespace?: string): Promise<Response>
    /** Sends a request to the agent itself. */
    ask(node: string, path: string, request: Request): Promise<Response>
  }
}

/** How long requests may take that a function is answering when it is replaced, in milliseconds. */
const GRACE_MS = 10_000

interface Entry extends DeploymentRecord {
  placement: Placement
  running: RunningFunction | undefined
  invocations: number
  log: FunctionLog
}

const namespaceOf = ({ namespace }: Pick<Deployment, 'namespace'>) => namespace || DEFAULT_NAMESPACE
const keyOf = (name: string, namespace: string = DEFAULT_NAMESPACE) => `${namespace}/${name}`

/**
 * Runs functions in this process where they belong on this node, and reaches them on other nodes. What was deployed
 * earlier and cannot run any more (its handler or profile has gone) is said and left out, and holds nothing else up.
 */
export async function createLocalProvider(options: LocalProviderOptions): Promise<Provider> {
  const { node, profiles, handlers, directory, peers } = options
  const state = localState(directory)
  const secrets = secretFiles(options.secretsDirectory ?? path.join(directory, 'secrets'))
  const entries = new Map<string, Entry>()
  /** Kept in the file, for when what they need is back. */
  const broken = new Map<string, DeploymentRecord>()
  const namespaces = new Map<string, Namespace>()
  const switchedOff = await state.switchedOff.read()
  /** One change after the other: two deployments of one function would leave one of them running for ever. */
  const change = pLimit(1)

  async function put(record: DeploymentRecord): Promise<void> {
    const { deployment, replicas } = record
    const placement = placementOf(deployment, profiles)
    await check(deployment)
    const key = keyOf(deployment.service, namespaceOf(deployment))
    const previous = entries.get(key)
    if (previous?.replicas === replicas && same(previous.deployment, deployment)) return
    const log = previous?.log ?? createFunctionLog()
    const handler = placement(node) ? handlerOf(deployment) : undefined
    const running = handler && replicas > 0 ? await start(handler, deployment, log) : undefined
    entries.set(key, { ...record, placement, running, log, invocations: previous?.invocations ?? 0 })
    await previous?.running?.stop(GRACE_MS)
  }

  async function check(deployment: Deployment): Promise<void> {
    const namespace = namespaceOf(deployment)
    if (namespace !== DEFAULT_NAMESPACE && !namespaces.has(namespace))
      throw new EdgeloopError('INVALID_INPUT', `there is no namespace "${namespace}"`, {
        where: 'namespace',
        hint: `namespaces: ${[DEFAULT_NAMESPACE, ...namespaces.keys()].join(', ')}`,
      })
    const [missing] = await secrets.missing(deployment.secrets ?? [], namespace)
    if (missing === undefined) return
    const there = (await secrets.list(namespace)).map(({ name }) => name).join(', ')
    throw new EdgeloopError(
      'INVALID_INPUT',
      `${deployment.service} wants the secret "${missing}", which does not exist`,
      { where: 'secrets', hint: `secrets in ${namespace}: ${there || 'none'}` }
    )
  }

  function handlerOf({ service }: Deployment): string {
    const handler = handlers.get(service)
    if (handler) return handler
    throw new EdgeloopError('INVALID_INPUT', `${service} has no handler on this machine`, {
      where: 'service',
      hint: `functions here: ${[...handlers.keys()].join(', ')}`,
    })
  }

  function start(handler: string, deployment: Deployment, log: FunctionLog): Promise<RunningFunction> {
    const SECRETS_DIR = secrets.directoryOf(namespaceOf(deployment))
    return startFunction(handler, { ...deployment.envVars, SECRETS_DIR, ...options.environment }, log)
  }

  const saveFunctions = () =>
    state.functions.write([
      ...[...entries.values()].map(({ deployment, createdAt, replicas }) => ({
        deployment,
        createdAt,
        replicas,
      })),
      ...broken.values(),
    ])
  const saveNamespaces = () => state.namespaces.write([...namespaces.values()])

  /** The edges, with the labels that switching a function off gives them. */
  function edges(): Node[] {
    return (peers?.nodes() ?? []).map(({ name, labels }) => {
      const off = (switchedOff[name] ?? []).map((fn) => [switchLabel(fn), 'disabled'] as const)
      return { name, labels: { ...labels, ...Object.fromEntries(off) } }
    })
  }

  function statusOf(entry: Entry): FunctionStatus {
    const { deployment, placement, replicas, running, createdAt, invocations } = entry
    const { service, ...asked } = deployment
    const elsewhere = replicas === 0 ? [] : edges().filter(placement)
    const here = running ? 1 : 0
    return {
      name: service,
      ...asked,
      replicas: here + elsewhere.length,
      availableReplicas: here + elsewhere.filter(({ name }) => peers?.reaches(name)).length,
      invocationCount: invocations,
      createdAt,
    }
  }

  /** What an edge should run, also what is switched off there, so that its events wait. */
  function placedAt(edge: Node): PlacedFunction[] {
    return [...entries.values()].flatMap((entry) => {
      const { [switchLabel(entry.deployment.service)]: label, ...labels } = edge.labels
      if (entry.replicas === 0 || !entry.placement({ ...edge, labels })) return []
      return [{ ...statusOf(entry), ...(label === 'disabled' && { disabled: true }) }]
    })
  }

  function edgeNamed(place: string): Node {
    const edge = edges().find(({ name }) => name === place)
    if (edge) return edge
    throw new EdgeloopError('NOT_FOUND', `there is no edge "${place}"`, {
      where: place,
      hint: `edges: ${
        edges()
          .map(({ name }) => name)
          .join(', ') || 'none'
      }`,
    })
  }

  function existing(name: string, namespace: string | undefined): Entry {
    const entry = entries.get(keyOf(name, namespace))
    if (entry) return entry
    const deployed = [...entries.values()]
      .filter(({ deployment }) => namespaceOf(deployment) === (namespace ?? DEFAULT_NAMESPACE))
      .map(({ deployment }) => deployment.service)
    throw new EdgeloopError('NOT_FOUND', `there is no function "${name}"`, {
      where: name,
      hint: `deployed: ${deployed.join(', ') || 'none'}`,
    })
  }

  function reachElsewhere({ deployment, placement }: Entry, request: Request): Promise<Response> {
    const { service } = deployment
    const places = edges()
      .filter(placement)
      .map(({ name }) => name)
    const inReach = places.filter((name) => peers?.reaches(name))
    const choice = { deployment, places, inReach, asked: request.headers.get('x-edge') }
    return askEdge(choice, (edge) => peers!.invoke(edge, service, request, deployment.namespace))
  }

  /** Starts what is scaled to 0; all who ask for it at a time wait for the same start. */
  function wake(name: string, namespace: string | undefined): Promise<Entry> {
    return change(async () => {
      const { deployment, createdAt, replicas } = existing(name, namespace)
      if (replicas === 0) {
        await put({ deployment, createdAt, replicas: 1 })
        await saveFunctions()
      }
      return existing(name, namespace)
    })
  }

  async function remove(name: string, namespace: string | undefined): Promise<boolean> {
    const key = keyOf(name, namespace)
    const entry = entries.get(key)
    if (!entry && !broken.has(key)) return false
    entries.delete(key)
    broken.delete(key)
    await saveFunctions()
    await entry?.running?.stop(GRACE_MS)
    return true
  }

  for (const each of await state.namespaces.read()) namespaces.set(each.name, each)
  for (const record of await state.functions.read()) {
    const { service } = record.deployment
    await put(record).catch((error: unknown) => {
      broken.set(keyOf(service, namespaceOf(record.deployment)), record)
      console.error(`${service} is deployed and does not start: ${asEdgeloopError(error).message}`)
    })
  }

  return {
    name: 'edgeloop-local',
    secrets,
    namespaces: {
      list: async () => [{ name: DEFAULT_NAMESPACE, labels: {}, annotations: {} }, ...namespaces.values()],
      get: async (name) =>
        name === DEFAULT_NAMESPACE ? { name, labels: {}, annotations: {} } : namespaces.get(name),
      create: (namespace) =>
        change(async () => {
          const { name } = namespace
          if (name === DEFAULT_NAMESPACE || namespaces.has(name))
            throw new EdgeloopError('CONFLICT', `there is a namespace "${name}" already`, { where: name })
          namespaces.set(name, namespace)
          await saveNamespaces()
        }),
      update: (namespace) =>
        change(async () => {
          if (!namespaces.has(namespace.name)) return false
          namespaces.set(namespace.name, namespace)
          await saveNamespaces()
          return true
        }),
      remove: (name) =>
        change(async () => {
          if (name === DEFAULT_NAMESPACE)
            throw new EdgeloopError('INVALID_INPUT', `the namespace ${name} has to be there`, { where: name })
          if (!namespaces.delete(name)) return false
          const records = [...entries.values(), ...broken.values()].map(({ deployment }) => deployment)
          for (const deployment of records)
            if (namespaceOf(deployment) === name) await remove(deployment.service, name)
          await secrets.removeAll(name)
          await saveNamespaces()
          return true
        }),
    },
    list: async (namespace = DEFAULT_NAMESPACE) =>
      [...entries.values()].filter(({ deployment }) => namespaceOf(deployment) === namespace).map(statusOf),
    listAt: async (place) =>
      place === undefined
        ? [...entries.values()].filter(({ placement }) => placement(node)).map(statusOf)
        : placedAt(edgeNamed(place)),
    get: async (name, namespace) => {
      const entry = entries.get(keyOf(name, namespace))
      return entry && statusOf(entry)
    },
    async plan(candidate) {
      const deployment = deploymentSchema.parse(candidate)
      const placement = placementOf(deployment, profiles)
      await check(deployment)
      if (placement(node)) handlerOf(deployment)
      return [node, ...edges()].filter(placement).map(({ name }) => name)
    },
    async deploy(candidate) {
      const deployment = deploymentSchema.parse(candidate)
      await change(async () => {
        const key = keyOf(deployment.service, namespaceOf(deployment))
        const known = entries.get(key) ?? broken.get(key)
        const { createdAt = new Date().toISOString(), replicas = 1 } = known ?? {}
        await put({ deployment, createdAt, replicas })
        broken.delete(key)
        await saveFunctions()
      })
    },
    remove: (name, namespace) => change(() => remove(name, namespace)),
    scale: (name, replicas, namespace) =>
      change(async () => {
        const entry = entries.get(keyOf(name, namespace))
        if (!entry) return false
        if (!entry.placement(node))
          throw new EdgeloopError(
            'INVALID_INPUT',
            `${name} runs once at each of its edges, not ${replicas} times`,
            {
              where: 'replicas',
              hint: `switch it off at an edge: PUT /system/places/EDGE/functions/${name} {"enabled": false}`,
            }
          )
        if (replicas !== 0 && replicas !== 1)
          throw new EdgeloopError('INVALID_INPUT', `${name} can run once on a node here, or not at all`, {
            where: 'replicas',
            hint: 'scale it to 0 or 1; a Kubernetes cluster runs more',
          })
        const { deployment, createdAt } = entry
        await put({ deployment, createdAt, replicas })
        await saveFunctions()
        return true
      }),
    switchAt: (edge, name, on) =>
      change(async () => {
        edgeNamed(edge)
        if (![...entries.values()].some(({ deployment }) => deployment.service === name))
          existing(name, undefined)
        const others = (switchedOff[edge] ?? []).filter((other) => other !== name)
        switchedOff[edge] = on ? others : [...others, name]
        await state.switchedOff.write(switchedOff)
      }),
    async invoke(name, request, namespace) {
      let entry = existing(name, namespace)
      if (entry.replicas === 0 && entry.placement(node)) entry = await wake(name, namespace)
      entry.invocations++
      return entry.running ? entry.running.invoke(request) : reachElsewhere(entry, request)
    },
    origin: async () => undefined,
    async *logs(query, signal) {
      const entry = entries.get(keyOf(query.name, query.namespace))
      if (!entry) return
      const own = (signal: AbortSignal) => linesOf(entry, `${query.name}-${node.name}`, query, signal)
      const logs = new Map([[node.name, own]])
      for (const { name: edge } of edges().filter(entry.placement))
        logs.set(edge, (signal) =>
          edgeLog({ edge, query, signal, ask: (path, request) => peers!.ask(edge, path, request) })
        )
      yield* mergeLogs({ current: () => logs, follow: query.follow }, signal)
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

/** JSON leaves out what is undefined: an absent field and an undefined one ask for the same. */
function same(a: Deployment, b: Deployment): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

async function* linesOf(
  { deployment, log }: Entry,
  instance: string,
  query: LogQuery,
  signal: AbortSignal
): AsyncGenerator<LogLine> {
  if (query.instance !== undefined && query.instance !== instance) return
  const about = { name: deployment.service, namespace: namespaceOf(deployment), instance }
  const since = query.since?.getTime() ?? Number.NEGATIVE_INFINITY
  let { lines, next } = log.read()
  if (query.tail !== undefined) lines = query.tail === 0 ? [] : lines.slice(-query.tail)
  for (;;) {
    for (const { at, text } of lines) {
      if (signal.aborted) return
      if (at.getTime() >= since) yield { ...about, timestamp: at.toISOString(), text }
    }
    if (!query.follow) return
    await log.more(next, signal)
    if (signal.aborted) return
    ;({ lines, next } = log.read(next))
  }
}
