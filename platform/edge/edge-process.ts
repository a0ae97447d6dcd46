import { fileURLToPath } from 'node:url'
import { execa, type ResultPromise } from 'execa'
import { z } from 'zod'
import { type Heartbeat, heartbeat } from '../../agent/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { createLink, type Link } from '../link/index.ts'

const main = fileURLToPath(new URL('../../agent/main.ts', import.meta.url))
const readyMessage = z.object({ gateway: z.url(), broker: z.string() })

export interface EdgeOptions {
  name: string
  directory: string
  host: string
  /** 0 takes a free port, and keeps it over restarts. */
  ports: { http: number; mqtt: number }
  /** The cloud's ports on 127.0.0.1; the edge reaches each through a link of its own. */
  cloud: { gateway: number; broker: number; s3: number }
  /** Settings of the agent that are the same for every edge. */
  environment: Readonly<Record<string, string>>
}

/** An edge of the local platform: an agent in a process of its own, on links that can be cut. */
export interface Edge {
  readonly name: string
  readonly gateway: string
  readonly broker: string
  readonly online: boolean
  readonly running: boolean
  /** Straight from the agent, whether the links are whole or not. */
  status(): Promise<Heartbeat>
  cut(): void
  heal(): void
  /** SIGKILL: nothing is said, nothing is saved. */
  kill(): Promise<void>
  restart(): Promise<void>
  close(): Promise<void>
}

/** Starts an edge; resolves when devices can connect. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const links = await layLinks(options.cloud)
  let { http, mqtt } = options.ports
  // In an object, because a subprocess is a promise of its own end, and `await` would wait for that.
  let { child } = await launch()
  let online = true

  async function launch() {
    const child = execa(process.execPath, ['--import', 'tsx', main], {
      ipc: true,
      forceKillAfterDelay: 5000,
      reject: false,
      buffer: false,
      // Standard output belongs to whoever started the platform.
      stdout: 2,
      stderr: 2,
      env: {
        ...options.environment,
        EDGE: options.name,
        DATA_DIR: options.directory,
        HOST: options.host,
        HTTP_PORT: String(http),
        MQTT_PORT: String(mqtt),
        CLOUD_GATEWAY: `http://127.0.0.1:${links.gateway.port}`,
        CLOUD_BROKER: `mqtt://127.0.0.1:${links.broker.port}`,
        S3_ENDPOINT: `http://127.0.0.1:${links.s3.port}`,
      },
    })
    const { gateway, broker } = await readyFrom(child, options.name)
    http = Number(new URL(gateway).port)
    mqtt = Number(new URL(broker).port)
    return { child }
  }

  return {
    name: options.name,
    get gateway() {
      return `http://${options.host}:${http}`
    },
    get broker() {
      return `mqtt://${options.host}:${mqtt}`
    },
    get online() {
      return online
    },
    get running() {
      return child.exitCode === null && child.signalCode === null
    },
    async status() {
      const response = await fetch(new URL('/status', `http://${options.host}:${http}`), {
        signal: AbortSignal.timeout(5000),
      })
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
    async kill() {
      child.kill('SIGKILL')
      await child
    },
    async restart() {
      child = (await launch()).child
    },
    async close() {
      child.kill('SIGTERM')
      await child
      await Promise.all(Object.values(links).map((link) => link.close()))
    },
  }
}

async function layLinks(cloud: EdgeOptions['cloud']): Promise<Record<'gateway' | 'broker' | 's3', Link>> {
  const [gateway, broker, s3] = await Promise.all([
    createLink(cloud.gateway),
    createLink(cloud.broker),
    createLink(cloud.s3),
  ])
  return { gateway, broker, s3 }
}

/** Waits for the agent's word that devices can connect. */
async function readyFrom(
  child: Pick<ResultPromise<{ ipc: true }>, 'getOneMessage'>,
  name: string
): Promise<z.infer<typeof readyMessage>> {
  try {
    return readyMessage.parse(await child.getOneMessage())
  } catch (cause) {
    throw new EdgeloopError('UNAVAILABLE', `${name} did not start`, {
      where: name,
      hint: 'its own message stands above',
      cause,
    })
  }
}
