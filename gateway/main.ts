/**
 * The gateway's container: functions of a Kubernetes cluster behind OpenFaaS' API, and the relay to its edges.
 * @module
 */
import path from 'node:path'
import { z } from 'zod'
import { labelQueue } from '../lib/dataset/index.ts'
import { eventData } from '../lib/events/index.ts'
import { readSettings } from '../lib/function/index.ts'
import { createKubernetesClient, kubeConfigFrom } from '../lib/kubernetes/index.ts'
import { objectStoreFromEnv } from '../lib/s3/index.ts'
import { runService } from '../lib/service/index.ts'
import { createTeardown } from '../lib/teardown/index.ts'
import { serveHttp } from '../lib/web-server/index.ts'
import {
  announcing,
  authenticatorFrom,
  createGateway,
  createRelayDoor,
  createRelays,
  openCallQueue,
} from './index.ts'
// Not by the front door: whoever runs without a cluster need not load its client.
import { createKubernetesProvider } from './providers/kubernetes/index.ts'

const schema = z.object({
  HOST: z.string().default('0.0.0.0'),
  HTTP_PORT: z.coerce.number().int().min(0).default(8080),
  /** Where the cluster's profiles are. */
  PROFILES_NAMESPACE: z.string().default('edgeloop'),
  /** Holds `basic-auth-user`, `basic-auth-password` and `edge-token`; for the bucket also what opens it. */
  SECRETS_DIR: z.string().default('/var/openfaas/secrets'),
  /** Where asynchronous calls wait. */
  DATA_DIR: z.string().default('/var/lib/edgeloop'),
  /** What they may take there. */
  ASYNC_VOLUME_BYTES: z.coerce.number().int().positive().optional(),
  /** Where people's answers are; nobody is asked for any when absent. */
  S3_ENDPOINT: z.url().optional(),
  DATASET: eventData.name.default('photos'),
  /** How long an invocation may take. */
  INVOCATION_TIMEOUT_SECONDS: z.coerce.number().positive().default(300),
  /** How long invocations that run may take to end when it is stopped: less than the pod's terminationGracePeriodSeconds. */
  SHUTDOWN_GRACE_SECONDS: z.coerce.number().nonnegative().default(25),
})

await runService(async () => {
  const settings = readSettings(schema, process.env)
  const teardown = createTeardown()
  try {
    const authenticator = authenticatorFrom(settings.SECRETS_DIR)
    // Closed after the server: what is under way to an edge is an invocation that runs.
    const relays = createRelays()
    teardown.add(relays.close)
    const provider = await createKubernetesProvider({
      client: createKubernetesClient(kubeConfigFrom(process.env)),
      profilesNamespace: settings.PROFILES_NAMESPACE,
      relays,
    })
    teardown.add(provider.close)
    const callQueue = await openCallQueue({
      directory: path.join(settings.DATA_DIR, 'async'),
      volumeBytes: settings.ASYNC_VOLUME_BYTES,
    })
    teardown.add(callQueue.close)
    const store = settings.S3_ENDPOINT === undefined ? undefined : objectStoreFromEnv(process.env)
    if (store) teardown.add(store.close)
    const gateway = createGateway(announcing(provider, relays.hint), {
      authenticator,
      callQueue,
      labelQueue: store && labelQueue({ store, dataset: settings.DATASET }),
      timeoutMs: settings.INVOCATION_TIMEOUT_SECONDS * 1000,
    })
    teardown.add(gateway.close)
    const server = await serveHttp({
      fetch: gateway.fetch,
      intercept: gateway.intercept,
      onUpgrade: createRelayDoor({ relays, allows: authenticator.isEdge }),
      host: settings.HOST,
      port: settings.HTTP_PORT,
      name: 'the gateway',
      graceMs: settings.SHUTDOWN_GRACE_SECONDS * 1000,
    })
    teardown.add(server.close)
    return { ready: { gateway: server.url }, close: teardown.run }
  } catch (error) {
    await teardown.run()
    throw error
  }
})
