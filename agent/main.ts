/**
 * The edge agent's container: one on each edge node, on the node's own network.
 * @module
 */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { createEdgeProvider } from '../gateway/index.ts'
import { EdgeloopError } from '../lib/errors/index.ts'
import { brokerUrl } from '../lib/event-client/index.ts'
import { eventData } from '../lib/events/index.ts'
import { readSettings } from '../lib/function/index.ts'
import { modelSettings, selectionsOf } from '../lib/model-selection/index.ts'
import { MAX_PHOTO_BYTES } from '../lib/photo/index.ts'
import { objectStoreFromEnv } from '../lib/s3/index.ts'
import { readSecretFile } from '../lib/secret-file/index.ts'
import { runService } from '../lib/service/index.ts'
import { brokerSettings, externalBroker } from './broker-settings.ts'
import { createEdgeAgent } from './index.ts'
import { podLogs } from './logs/index.ts'

const schema = z.object({
  /** The node's name. */
  EDGE: eventData.edgeName,
  /** A directory of the node, which outlives this container. */
  DATA_DIR: z.string().default('/var/lib/edgeloop'),
  HOST: z.string().default('0.0.0.0'),
  HTTP_PORT: z.coerce.number().int().min(0).default(8080),
  MQTT_PORT: z.coerce.number().int().min(0).default(1883),
  CLOUD_GATEWAY: z.url(),
  CLOUD_BROKER: brokerUrl,
  /** Holds `edge-token`, `s3-access-key-id` and `s3-secret-access-key`. */
  SECRETS_DIR: z.string().default('/var/openfaas/secrets'),
  ...modelSettings,
  /** Where this edge's samples belong; `upload-sample` is told the same. */
  DATASET: eventData.name.default('photos'),
  /** Where functions read models; below DATA_DIR when absent. */
  MODEL_CACHE: z.string().optional(),
  /** Where the kubelet keeps containers' logs. */
  POD_LOGS_DIR: z.string().default('/var/log/pods'),
  UPLINK: eventData.uplink.default('review'),
  ...brokerSettings,
  /** What photos may take: at least one of the largest. */
  PHOTO_STORE_BYTES: z.coerce.number().int().min(MAX_PHOTO_BYTES).optional(),
  /** What they leave free on the disk. */
  MIN_FREE_BYTES: z.coerce.number().int().min(0).optional(),
})

await runService(async (signal) => {
  const settings = readSettings(schema, process.env)
  const { EDGE: edge, DATA_DIR: directory, CLOUD_GATEWAY: gateway } = settings
  await mkdir(directory, { recursive: true })
  const token = readSecretFile(settings.SECRETS_DIR, 'edge-token')
  if (token === undefined)
    throw new EdgeloopError(
      'MISCONFIGURED',
      'there is no edge token: anybody could ask what only the gateway may',
      {
        where: path.join(settings.SECRETS_DIR, 'edge-token'),
        hint: 'mount the secret edgeloop-edge, see docs/deploy.md',
      }
    )
  const agent = await createEdgeAgent({
    edge,
    directory,
    provider: createEdgeProvider({ edge, gateway, token, directory }),
    logs: podLogs(settings.POD_LOGS_DIR),
    modelCache: settings.MODEL_CACHE ?? path.join(directory, 'models'),
    models: selectionsOf(settings),
    dataset: settings.DATASET,
    store: objectStoreFromEnv(process.env),
    cloud: { gateway, broker: settings.CLOUD_BROKER, token },
    listen: { host: settings.HOST, http: settings.HTTP_PORT, mqtt: settings.MQTT_PORT },
    broker: await externalBroker(settings, edge, settings.SECRETS_DIR),
    uplink: settings.UPLINK,
    disk: { photoBytes: settings.PHOTO_STORE_BYTES, minFreeBytes: settings.MIN_FREE_BYTES },
    signal,
  })
  return { ready: { gateway: agent.gateway, broker: agent.broker }, close: agent.close }
})
