import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { connectEvents, type EventClient } from '../../lib/event-client/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import { createObjectStore, type ObjectStore } from '../../lib/s3/index.ts'
import { createS3Server } from '../s3/index.ts'
import { type Service, startService } from '../service/index.ts'
import type { StateDirectory } from '../state/index.ts'

const BUCKET = 'edgeloop'
const gatewayMain = fileURLToPath(new URL('gateway.main.ts', import.meta.url))
const trainerMain = fileURLToPath(new URL('../../trainer/main.ts', import.meta.url))

export interface CloudOptions {
  state: StateDirectory
  host: string
  /** The gateway's port; 0 takes a free one. */
  port: number
  dataset: string
  /** Settings that all processes share: what `${NAME}` in stack.yml stands for, where the stack is. */
  environment: Readonly<Record<string, string>>
  onEvent(event: EdgeloopEvent): void
}

/** The cloud half of the local platform: S3 in this process, gateway and trainer in processes of their own. */
export interface Cloud {
  readonly gateway: string
  readonly ports: { gateway: number; broker: number; s3: number }
  /** Address and credentials of S3, as functions and jobs expect them in their environment. */
  s3Environment: Readonly<Record<string, string>>
  store: ObjectStore
  events: EventClient
  services: { gateway: Service; trainer: Service }
  close(): Promise<void>
}

export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { state, host, environment } = options
  const { accessKeyId, secretAccessKey, directory: SECRETS_DIR } = state.secrets
  const s3 = await createS3Server({
    directory: path.join(state.path, 's3'),
    port: 0,
    host: '127.0.0.1',
    accessKeyId,
    secretAccessKey,
    buckets: [BUCKET],
  })
  const s3Environment = { S3_ENDPOINT: s3.url, S3_BUCKET: BUCKET, SECRETS_DIR }
  const store = createObjectStore({ endpoint: s3.url, bucket: BUCKET, accessKeyId, secretAccessKey })

  const ports = { gateway: options.port, broker: 0, s3: s3.port }
  const gateway = await startService({
    name: 'gateway',
    main: gatewayMain,
    environment: () => ({
      ...environment,
      ...s3Environment,
      DATA_DIR: path.join(state.path, 'cloud'),
      HOST: host,
      HTTP_PORT: String(ports.gateway),
      MQTT_PORT: String(ports.broker),
    }),
    ready: z.object({ gateway: z.url(), broker: z.string() }),
    onReady({ gateway, broker }) {
      ports.gateway = Number(new URL(gateway).port)
      ports.broker = Number(new URL(broker).port)
    },
  }).catch(async (error: unknown) => {
    await s3.close()
    throw error
  })
  const broker = `mqtt://127.0.0.1:${ports.broker}`
  const events = connectEvents({ broker, name: 'platform', types: ['#'], onEvent: options.onEvent })
  const trainer = await startService({
    name: 'trainer',
    main: trainerMain,
    environment: () => ({ ...s3Environment, DATASET: options.dataset, CLOUD_BROKER: broker }),
    ready: z.object({}),
    onReady() {},
  })

  return {
    gateway: `http://${host}:${ports.gateway}`,
    ports,
    s3Environment,
    store,
    events,
    services: { gateway, trainer },
    async close() {
      await trainer.close()
      await events.close()
      await gateway.close()
      store.close()
      await s3.close()
    },
  }
}
