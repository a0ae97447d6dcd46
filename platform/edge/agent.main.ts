/**
 * An edge's agent of the local platform in a process of its own, with the functions of its node inside.
 * @module
 */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { createEdgeAgent } from '../../agent/index.ts'
import { createEdgeProvider, createLocalProvider, localReach, readProfiles } from '../../gateway/index.ts'
import { eventData } from '../../lib/events/index.ts'
import { readSettings } from '../../lib/function/index.ts'
import { modelSettings, selectionsOf } from '../../lib/model-selection/index.ts'
import { objectStoreFromEnv } from '../../lib/s3/index.ts'
import { readSecretFile } from '../../lib/secret-file/index.ts'
import { runService } from '../../lib/service/index.ts'
import { handlersOf, readStack } from '../../lib/stack/index.ts'

const schema = z.object({
  EDGE: eventData.name,
  DATA_DIR: z.string(),
  HOST: z.string().default('127.0.0.1'),
  HTTP_PORT: z.coerce.number().int().min(0).default(0),
  MQTT_PORT: z.coerce.number().int().min(0).default(0),
  CLOUD_GATEWAY: z.url(),
  CLOUD_BROKER: z.string(),
  S3_ENDPOINT: z.url(),
  S3_BUCKET: z.string(),
  SECRETS_DIR: z.string(),
  STACK_FILE: z.string(),
  PROFILES_DIR: z.string(),
  /** Holds `edge-token`, where the cloud's gateway asks for it. */
  CREDENTIALS_DIR: z.string().optional(),
  ...modelSettings,
  /** Where this edge's samples belong; `upload-sample` is told the same. */
  DATASET: eventData.name.default('photos'),
  UPLINK: eventData.uplink.default('review'),
})

await runService(async (signal) => {
  const settings = readSettings(schema, process.env)
  const { EDGE, DATA_DIR, STACK_FILE, S3_ENDPOINT, S3_BUCKET, SECRETS_DIR, HOST } = settings
  await mkdir(DATA_DIR, { recursive: true })
  const { CREDENTIALS_DIR } = settings
  const token = CREDENTIALS_DIR === undefined ? undefined : readSecretFile(CREDENTIALS_DIR, 'edge-token')
  const modelCache = path.join(DATA_DIR, 'model-cache')
  const provider = await createLocalProvider({
    node: { name: EDGE, labels: { 'node-role.kubernetes.io/edge': '', 'kubernetes.io/hostname': EDGE } },
    directory: DATA_DIR,
    profiles: await readProfiles(settings.PROFILES_DIR),
    handlers: handlersOf(await readStack(STACK_FILE, process.env), path.dirname(STACK_FILE)),
    environment: { MODEL_CACHE: modelCache, S3_ENDPOINT, S3_BUCKET },
    secretsDirectory: SECRETS_DIR,
  })
  const agent = await createEdgeAgent({
    edge: EDGE,
    directory: DATA_DIR,
    provider: createEdgeProvider({
      edge: EDGE,
      gateway: settings.CLOUD_GATEWAY,
      token,
      directory: DATA_DIR,
      reach: localReach(provider),
    }),
    logs: provider.logs,
    modelCache,
    models: selectionsOf(settings),
    dataset: settings.DATASET,
    store: objectStoreFromEnv(process.env),
    cloud: { gateway: settings.CLOUD_GATEWAY, broker: settings.CLOUD_BROKER, token },
    listen: { host: HOST, http: settings.HTTP_PORT, mqtt: settings.MQTT_PORT },
    uplink: settings.UPLINK,
    signal,
  })
  return { ready: { gateway: agent.gateway, broker: agent.broker }, close: agent.close }
})
