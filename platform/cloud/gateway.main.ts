/**
 * The cloud's gateway of the local platform in a process of its own: the OpenFaaS API, the cloud's functions, the
 * cloud's broker, and the connector between them.
 * @module
 */
import path from 'node:path'
import { Hono } from 'hono'
import { z } from 'zod'
import { type CloudAgent, createCloudAgent } from '../../agent/index.ts'
import {
  announcing,
  authenticatorFrom,
  createGateway,
  createLocalProvider,
  createRelayDoor,
  createRelays,
  openCallQueue,
  readProfiles,
} from '../../gateway/index.ts'
import { labelQueue } from '../../lib/dataset/index.ts'
import { eventData } from '../../lib/events/index.ts'
import { readSettings } from '../../lib/function/index.ts'
import { objectStoreFromEnv } from '../../lib/s3/index.ts'
import { runService } from '../../lib/service/index.ts'
import { deploymentsOf, handlersOf, readStack } from '../../lib/stack/index.ts'
import { createTeardown } from '../../lib/teardown/index.ts'
import { serveHttp } from '../../lib/web-server/index.ts'

const schema = z.object({
  DATA_DIR: z.string(),
  HOST: z.string(),
  HTTP_PORT: z.coerce.number().int().min(0),
  MQTT_PORT: z.coerce.number().int().min(0),
  S3_ENDPOINT: z.url(),
  S3_BUCKET: z.string(),
  DATASET: eventData.name,
  SECRETS_DIR: z.string(),
  STACK_FILE: z.string(),
  PROFILES_DIR: z.string(),
  /** Holds `basic-auth-user`, `basic-auth-password` and `edge-token`; nobody is asked who they are when absent. */
  CREDENTIALS_DIR: z.string().optional(),
  /** The names of all edges, with commas. */
  EDGES: z
    .string()
    .default('')
    .transform((names) => names.split(',').filter((name) => name !== '')),
})

await runService(async () => {
  const settings = readSettings(schema, process.env)
  const { DATA_DIR, HOST, STACK_FILE, S3_ENDPOINT, S3_BUCKET, SECRETS_DIR } = settings
  const teardown = createTeardown()
  let agent: CloudAgent | undefined
  const relays = createRelays()

  try {
    const stack = await readStack(STACK_FILE, process.env)
    const local = await createLocalProvider({
      node: { name: 'cloud', labels: { 'node-role.kubernetes.io/cloud': '' } },
      directory: DATA_DIR,
      profiles: await readProfiles(settings.PROFILES_DIR),
      handlers: handlersOf(stack, path.dirname(STACK_FILE)),
      environment: { S3_ENDPOINT, S3_BUCKET },
      secretsDirectory: SECRETS_DIR,
      peers: {
        nodes: () =>
          settings.EDGES.map((name) => ({
            name,
            labels: { 'node-role.kubernetes.io/edge': '', 'kubernetes.io/hostname': name },
          })),
        reaches: (name) => relays.edges().includes(name),
        invoke: relays.invoke,
        ask: relays.ask,
      },
    })
    const provider = announcing(local, relays.hint)
    teardown.add(() => provider.close())
    for (const deployment of deploymentsOf(stack)) await provider.deploy(deployment)

    const authenticator = authenticatorFrom(settings.CREDENTIALS_DIR)
    const callQueue = await openCallQueue({ directory: path.join(DATA_DIR, 'async') })
    teardown.add(callQueue.close)
    const store = objectStoreFromEnv(process.env)
    teardown.add(store.close)
    const gateway = createGateway(provider, {
      authenticator,
      callQueue,
      labelQueue: labelQueue({ store, dataset: settings.DATASET }),
    })
    teardown.add(() => gateway.close())
    const app = new Hono()
      .all('/dead-letters/*', (c) => agent?.deadLetters.fetch(c.req.raw) ?? c.text('starting', 503))
      .route('/', gateway)
    const server = await serveHttp({
      fetch: app.fetch,
      intercept: gateway.intercept,
      host: HOST,
      port: settings.HTTP_PORT,
      name: 'the gateway',
      onUpgrade: createRelayDoor({ relays, allows: authenticator.isEdge }),
    })
    teardown.add(() => server.close())
    teardown.add(() => relays.close())
    agent = await createCloudAgent({
      directory: DATA_DIR,
      provider,
      listen: { host: '127.0.0.1', mqtt: settings.MQTT_PORT },
      // Each round plays it at its end.
      unscheduled: new Set(['trigger-retrain']),
    })
    teardown.add(agent.close)
    return { ready: { gateway: server.url, broker: agent.broker }, close: teardown.run }
  } catch (error) {
    await teardown.run()
    throw error
  }
})
