import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type Service, startService } from '../service/index.ts'

const gatewayMain = fileURLToPath(new URL('gateway.main.ts', import.meta.url))
const trainerMain = fileURLToPath(new URL('trainer.main.ts', import.meta.url))

export interface CloudOptions {
  /** Where the gateway keeps what has to survive. */
  directory: string
  host: string
  ports: { gateway: number; broker: number }
  /** The names of all edges. */
  edges: readonly string[]
  /** Settings of both processes: S3, the dataset, what `${NAME}` in stack.yml stands for. */
  environment: Readonly<Record<string, string>>
  /** The folder of the backbone that training stands on. */
  backboneDir: string
  /** Ends the start. */
  signal?: AbortSignal
  /** Gets the lines that its processes write. */
  onOutput?(line: string): void
}

/** The cloud's processes; each resolves when it is ready. */
export function startCloud({
  directory,
  host,
  ports,
  edges,
  environment,
  backboneDir,
  signal,
  onOutput,
}: CloudOptions): {
  gateway: Promise<Service>
  trainer: Promise<Service>
} {
  const gateway = startService({
    name: 'gateway',
    main: gatewayMain,
    environment: () => ({
      ...environment,
      DATA_DIR: directory,
      HOST: host,
      HTTP_PORT: String(ports.gateway),
      MQTT_PORT: String(ports.broker),
      EDGES: edges.join(','),
    }),
    ready: z.object({}),
    onReady() {},
    signal,
    onOutput,
  })
  const trainer = startService({
    name: 'trainer',
    main: trainerMain,
    environment: () => ({
      ...environment,
      CLOUD_BROKER: `mqtt://127.0.0.1:${ports.broker}`,
      BACKBONE_DIR: backboneDir,
    }),
    ready: z.object({}),
    onReady() {},
    signal,
    onOutput,
  })
  return { gateway, trainer }
}
