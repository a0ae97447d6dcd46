import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { connectEvents } from '../lib/event-client/index.ts'
import type { EdgeloopEvent, Uplink } from '../lib/events/index.ts'
import type { ObjectStore } from '../lib/s3/index.ts'
import { createTeardown } from '../lib/teardown/index.ts'
import { openBackbones, type StateBackbones } from './backbone/index.ts'
import { startCloud, startStorage } from './cloud/index.ts'
import { type Edge, startEdge } from './edge/index.ts'
import { callable, freePort, urlHost } from './ports/index.ts'
import type { Service } from './service/index.ts'
import { announceRunning, openCredentials, openStateDirectory, watchDisk } from './state/index.ts'

/** What only programs of this machine can reach needs no credentials. */
const isLoopback = (host: string) => /^(127\.|localhost$|::1$)/.test(host)

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
  /** The gateway's port; edge N's gateway takes the port N above it. Free ports when absent or 0. */
  port?: number
  dataset?: string
  model?: string
  uplink?: Uplink
  /** The folder of the backbone to train on; that of the newest model when absent, and the built-in one before any. */
  backboneDir?: string
  /** Settings of `trigger-retrain`, by the names of its environment. */
  retrain?: Readonly<Record<string, string>>
  /** Gives up while it starts; afterwards, what ends by itself is not started again. */
  signal?: AbortSignal
  /** Gets the lines that its processes write, which go to standard error otherwise. */
  onOutput?(line: string): void
}

/** A cloud and its edges on this machine. */
export interface Platform {
  gateway: string
  /** Where user and password for the gateway stand, as `basic-auth-user` and `basic-auth-password`, if it asks for any. */
  credentials?: string
  edges: Edge[]
  /** The cloud's processes, which can be killed and started again. */
  services: { gateway: Service; trainer: Service }
  /** The bucket. */
  store: ObjectStore
  dataset: string
  model: string
  /** What its models stand on. */
  backbones: StateBackbones
  /** Invokes a function through the gateway. */
  invoke(name: string, init: RequestInit): Promise<Response>
  /** Resolves when the event is on disk in the cloud. */
  publish(event: EdgeloopEvent): Promise<void>
  /** Sees every event of the cloud. Returns how to stop that. */
  onEvent(listener: (event: EdgeloopEvent) => void): () => void
  dispose(): Promise<void>
}

/** What a platform with so many edges calls them. */
export function edgeNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `edge-${i + 1}`)
}

/**
 * Brings up the local platform: S3 in this process; gateway, trainer and each edge in processes of their own.
 *
 * @throws EdgeloopError with what is in the way: CONFLICT (another one runs on this state), MISCONFIGURED (the state
 * directory), UNAVAILABLE (a port), TIMEOUT (what does not get ready); the signal's reason; nothing stays behind
 *
 * @example
 * const platform = await createPlatform({ state: '.edgeloop', edges: 2 })
 * await fetch(`${platform.edges[0].gateway}/function/classify`, { method: 'POST', body: photo })
 * await platform.dispose()
 */
export async function createPlatform(options: PlatformOptions): Promise<Platform> {
  options.signal?.throwIfAborted()
  const { edges: count = 2, host = '127.0.0.1', dataset = 'photos', model = 'photos' } = options
  const port = options.port || undefined
  const state = await openStateDirectory(options.state, options.fresh ?? false)
  const listeners = new Set<(event: EdgeloopEvent) => void>()
  const teardown = createTeardown()
  teardown.add(() => state.release())
  teardown.add(watchDisk(state.path, (text) => console.error(text)))
  const giveUp = new AbortController()
  const signal = AbortSignal.any([giveUp.signal, ...(options.signal ? [options.signal] : [])])

  async function start() {
    const storage = await startStorage(state)
    teardown.add(() => storage.close())
    const backbones = await openBackbones(storage.store, model, state.path, options.backboneDir)
    signal.throwIfAborted()
    const ports = {
      gateway: port ?? (await freePort(host)),
      broker: await freePort('127.0.0.1'),
      s3: storage.port,
    }
    const credentials = isLoopback(host) ? undefined : await openCredentials(state.path)
    const environment = {
      ...storage.environment,
      ...(credentials !== undefined && { CREDENTIALS_DIR: credentials }),
      STACK_FILE: path.join(root, 'stack.yml'),
      PROFILES_DIR: path.join(root, 'edge-profiles'),
      DATASET: dataset,
      MODEL_NAME: model,
    }
    const names = edgeNames(count)
    const cloud = startCloud({
      directory: path.join(state.path, 'cloud'),
      host,
      ports,
      edges: names,
      environment: { ...environment, ...options.retrain },
      backboneDir: backbones.trained.directory,
      signal,
      onOutput: options.onOutput,
    })
    const edges = names.map((name, i) =>
      startEdge({
        name,
        directory: path.join(state.path, 'edges', name),
        host,
        ports: { http: port === undefined ? 0 : port + i + 1, mqtt: 0 },
        cloud: { ...ports, host: callable(host) },
        environment: { ...environment, UPLINK: options.uplink ?? 'review' },
        signal,
        onOutput: options.onOutput,
      })
    )
    // All at once: each spends its first seconds loading code. Where one fails, the others would wait for it.
    const starting = [cloud.gateway, cloud.trainer, ...edges]
    let failure: { error: unknown } | undefined
    const giveUpAll = (error: unknown) => {
      failure ??= { error }
      giveUp.abort()
    }
    for (const one of starting) one.catch(giveUpAll)
    const all = await Promise.allSettled(starting)
    const running = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    teardown.add(() => Promise.allSettled(running.map((service) => service.close())))
    if (failure) throw failure.error
    signal.throwIfAborted()

    const events = connectEvents({
      broker: `mqtt://127.0.0.1:${ports.broker}`,
      name: 'platform',
      types: ['#'],
      onEvent: (event) => {
        for (const listener of listeners) listener(event)
      },
    })
    teardown.add(() => events.close())
    const gateway = `http://${urlHost(host)}:${ports.gateway}`
    const here = await Promise.all(edges)
    const { store } = storage
    const withdraw = await announceRunning(state.path, {
      gateway,
      broker: `mqtt://127.0.0.1:${ports.broker}`,
      s3: { endpoint: store.endpoint, bucket: store.bucket },
      dataset,
      model,
      edges: here.map(({ name, gateway, broker }) => ({ name, gateway, broker })),
    })
    teardown.add(withdraw)
    return {
      gateway,
      credentials,
      store,
      backbones,
      events,
      edges: here,
      services: { gateway: await cloud.gateway, trainer: await cloud.trainer },
    }
  }

  const { gateway, credentials, edges, store, backbones, events, services } = await start().catch(
    async (error: unknown) => {
      await teardown.run()
      throw error
    }
  )
  return {
    gateway,
    credentials,
    edges,
    services,
    store,
    dataset,
    model,
    backbones,
    invoke: (name, init) => fetch(new URL(`/function/${name}`, gateway), init),
    publish: events.publish,
    onEvent(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    dispose: teardown.run,
  }
}
