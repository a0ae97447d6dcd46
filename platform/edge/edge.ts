import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type Heartbeat, heartbeat } from '../../lib/edge-status/index.ts'
import { createLink, type Link } from '../link/index.ts'
import { type Service, startService } from '../service/index.ts'

const main = fileURLToPath(new URL('agent.main.ts', import.meta.url))

export interface EdgeOptions {
  name: string
  directory: string
  host: string
  /** 0 takes a free port, and keeps it over restarts. */
  ports: { http: number; mqtt: number }
  /** The cloud's ports; the edge reaches each through a link of its own. */
  cloud: {
    /** Where the gateway is; the others are on 127.0.0.1. */
    host: string
    gateway: number
    broker: number
    s3: number
  }
  /** Settings of the agent that are the same for every edge. */
  environment: Readonly<Record<string, string>>
  /** Ends the start. */
  signal?: AbortSignal
  /** Gets the lines that its processes write. */
  onOutput?(line: string): void
}

/** An edge of the local platform: an agent in a process of its own, on links that can be cut. */
export interface Edge extends Service {
  readonly gateway: string
  readonly broker: string
  /** Whether its links are whole. */
  readonly online: boolean
  /** Straight from the agent, whether the links are whole or not. */
  status(): Promise<Heartbeat>
  cut(): void
  heal(): void
}

/** Starts an edge; resolves when devices can connect. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const { name, host } = options
  const links = await layLinks(options.cloud)
  const ports = { ...options.ports }
  let online = true

  const closeLinks = () => Promise.all(Object.values(links).map((link) => link.close()))
  const addresses = { gateway: '', broker: '' }

  const agent = await startService({
    name,
    main,
    environment: () => ({
      ...options.environment,
      EDGE: name,
      DATA_DIR: options.directory,
      HOST: host,
      HTTP_PORT: String(ports.http),
      MQTT_PORT: String(ports.mqtt),
      CLOUD_GATEWAY: `http://127.0.0.1:${links.gateway.port}`,
      CLOUD_BROKER: `mqtt://127.0.0.1:${links.broker.port}`,
      S3_ENDPOINT: `http://127.0.0.1:${links.s3.port}`,
    }),
    ready: z.object({ gateway: z.url(), broker: z.string() }),
    onReady(ready) {
      Object.assign(addresses, ready)
      ports.http = Number(new URL(ready.gateway).port)
      ports.mqtt = Number(new URL(ready.broker).port)
    },
    waitsFor: "the cloud's function list",
    signal: options.signal,
    onOutput: options.onOutput,
  }).catch(async (error: unknown) => {
    await closeLinks()
    throw error
  })
  const { gateway, broker } = addresses

  return {
    name,
    gateway,
    broker,
    get online() {
      return online
    },
    get running() {
      return agent.running
    },
    async status() {
      const response = await fetch(new URL('/status', gateway), { signal: AbortSignal.timeout(5000) })
      return heartbeat.parse(await response.json())
    },
    cut() {
      online = false
      for (const link of Object.values(links)) link.cut()
    },
    heal() {
      online = true
      for (const link of Object.values(links)) link.heal()
    },
    kill: agent.kill,
    restart: agent.restart,
    async close() {
      await agent.close()
      await closeLinks()
    },
  }
}

async function layLinks(cloud: EdgeOptions['cloud']): Promise<Record<'gateway' | 'broker' | 's3', Link>> {
  const [gateway, broker, s3] = await Promise.all([
    createLink(cloud.gateway, cloud.host),
    createLink(cloud.broker),
    createLink(cloud.s3),
  ])
  return { gateway, broker, s3 }
}
