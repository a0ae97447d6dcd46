import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { EdgeloopError } from '../lib/errors/index.ts'
import type { EdgeloopEvent, Uplink } from '../lib/events/index.ts'
import type { ObjectStore } from '../lib/s3/index.ts'
import { type Cloud, startCloud } from './cloud/index.ts'
import { type Edge, startEdge } from './edge/index.ts'
import { openStateDirectory } from './state/index.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

export interface PlatformOptions {
  /** Everything that survives is below this directory. */
  state: string
  /** Start over: remove what the state directory holds. */
  fresh?: boolean
  /** How many edges. */
  edges?: number
  /** What the servers that people and devices use listen on. */
  host?: string
  /** The gateway's port; edge N's gateway takes the port N above it. Free ports when absent. */
  port?: number
  dataset?: string
  model?: string
  uplink?: Uplink
  /** Settings of `trigger-retrain`, by the names of its environment. */
  retrain?: Readonly<Record<string, string>>
}

/** A cloud and its edges on this machine. */
export interface Platform {
  gateway: string
  /** The cloud's MQTT broker. */
  broker: string
  edges: Edge[]
  /** The bucket. */
  store: ObjectStore
  dataset: string
  model: string
  /** Invokes a cloud function through the gateway's provider; an event that it answers with is carried on. */
  invoke(name: string, request: Request): Promise<Response>
  publish(event: EdgeloopEvent): Promise<void>
  /** Sees every event of the cloud. Returns how to stop that. */
  onEvent(listener: (event: EdgeloopEvent) => void): () => void
  dispose(): Promise<void>
}

/**
 * Brings up the local platform: S3, gateway, broker and trainer in this process, each edge in one of its own.
 *
 * @example
 * const platform = await createPlatform({ state: '.edgeloop', edges: 2 })
 * await fetch(`${platform.edges[0].gateway}/function/classify`, { method: 'POST', body: photo })
 * await platform.dispose()
 */
export async function createPlatform(options: PlatformOptions): Promise<Platform> {
  const { edges: count = 2, host = '127.0.0.1', port, dataset = 'photos', model = 'photos' } = options
  const state = await openStateDirectory(options.state, options.fresh ?? false)
  const listeners = new Set<(event: EdgeloopEvent) => void>()
  const edges: Edge[] = []
  const stackFile = path.join(root, 'stack.yml')
  const profilesDirectory = path.join(root, 'edge-profiles')
  let cloud: Cloud | undefined

  async function dispose(): Promise<void> {
    await Promise.all(edges.map((edge) => edge.close()))
    await cloud?.close()
    await state.release()
  }

  function edgeNamed(name: string): Edge {
    const edge = edges.find((candidate) => candidate.name === name)
    if (edge?.online && edge.running) return edge
    throw new EdgeloopError('UNAVAILABLE', `${name} is out of reach`, { where: name })
  }

  try {
    cloud = await startCloud({
      state,
      host,
      ports: { gateway: port ?? 0, broker: 0, s3: 0 },
      stackFile,
      profilesDirectory,
      dataset,
      variables: { DATASET: dataset, MODEL_NAME: model, ...options.retrain },
      edges: {
        nodes: () =>
          edges
            .filter(({ online, running }) => online && running)
            .map(({ name }) => ({
              name,
              labels: { 'node-role.kubernetes.io/edge': '', 'kubernetes.io/hostname': name },
            })),
        invoke: (edge, name, request) => relay(edgeNamed(edge), name, request),
      },
      onEvent: (event) => {
        for (const listener of listeners) listener(event)
      },
    })
    const { ports, s3Environment } = cloud
    const start = (index: number) =>
      startEdge({
        name: `edge-${index}`,
        directory: path.join(state.path, 'edges', `edge-${index}`),
        host,
        ports: { http: port === undefined ? 0 : port + index, mqtt: 0 },
        cloud: ports,
        environment: {
          ...s3Environment,
          STACK_FILE: stackFile,
          PROFILES_DIR: profilesDirectory,
          MODEL_NAME: model,
          DATASET: dataset,
          UPLINK: options.uplink ?? 'review',
        },
      })
    const indices = Array.from({ length: count }, (_, i) => i + 1)
    const started = await Promise.allSettled(indices.map(start))
    for (const outcome of started) if (outcome.status === 'fulfilled') edges.push(outcome.value)
    const failed = started.find((outcome) => outcome.status === 'rejected')
    if (failed) throw failed.reason
  } catch (error) {
    await dispose()
    throw error
  }

  const { store, provider, publish } = cloud
  return {
    gateway: cloud.gateway,
    broker: cloud.broker,
    edges,
    store,
    dataset,
    model,
    invoke: (name, request) => provider.invoke(name, request),
    publish,
    onEvent(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    dispose,
  }
}

/** Sends a request for a function on to an edge's own gateway. */
async function relay(edge: Edge, name: string, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  const url = new URL(`/function/${name}${pathname === '/' ? '' : pathname}${search}`, edge.gateway)
  const init: RequestInit & { duplex: 'half' } = {
    method: request.method,
    headers: request.headers,
    body: request.body,
    duplex: 'half',
  }
  const response = await fetch(url, init)
  const headers = new Headers(response.headers)
  headers.set('X-Edge', edge.name)
  return new Response(response.body, { status: response.status, headers })
}
