import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { EdgeloopEvent, Uplink } from '../lib/events/index.ts'
import type { ObjectStore } from '../lib/s3/index.ts'
import { type Cloud, startCloud } from './cloud/index.ts'
import { type Edge, startEdge } from './edge/index.ts'
import type { Service } from './service/index.ts'
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
  edges: Edge[]
  /** The cloud's processes, which can be killed and started again. */
  services: { gateway: Service; trainer: Service }
  /** The bucket. */
  store: ObjectStore
  dataset: string
  model: string
  /** Invokes a function through the gateway. */
  invoke(name: string, init: RequestInit): Promise<Response>
  /** Resolves when the event is on disk in the cloud. */
  publish(event: EdgeloopEvent): Promise<void>
  /** Sees every event of the cloud. Returns how to stop that. */
  onEvent(listener: (event: EdgeloopEvent) => void): () => void
  dispose(): Promise<void>
}

/**
 * Brings up the local platform: S3 in this process; gateway, trainer and each edge in processes of their own.
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
  const environment = {
    STACK_FILE: path.join(root, 'stack.yml'),
    PROFILES_DIR: path.join(root, 'edge-profiles'),
    DATASET: dataset,
    MODEL_NAME: model,
  }
  let cloud: Cloud | undefined

  async function dispose(): Promise<void> {
    await Promise.all(edges.map((edge) => edge.close()))
    await cloud?.close()
    await state.release()
  }

  try {
    cloud = await startCloud({
      state,
      host,
      port: port ?? 0,
      dataset,
      environment: { ...environment, ...options.retrain },
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
        environment: { ...environment, ...s3Environment, UPLINK: options.uplink ?? 'review' },
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

  const { gateway, store, events, services } = cloud
  return {
    gateway,
    edges,
    services,
    store,
    dataset,
    model,
    invoke: (name, init) => fetch(new URL(`/function/${name}`, gateway), init),
    publish: events.publish,
    onEvent(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    dispose,
  }
}
