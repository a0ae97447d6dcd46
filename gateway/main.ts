/**
 * The gateway's container: functions of a Kubernetes cluster behind OpenFaaS' API, and the relay to its edges.
 * @module
 */
import { z } from 'zod'
import { readSettings } from '../lib/function/index.ts'
import { createKubernetesClient, kubeConfigFrom } from '../lib/kubernetes/index.ts'
import { runService } from '../lib/service/index.ts'
import { createTeardown } from '../lib/teardown/index.ts'
import { serveHttp } from '../lib/web-server/index.ts'
import { announcing, createGateway, createRelays } from './index.ts'
// Not by the front door: whoever runs without a cluster need not load its client.
import { createKubernetesProvider } from './providers/kubernetes/index.ts'

const schema = z.object({
  HOST: z.string().default('0.0.0.0'),
  HTTP_PORT: z.coerce.number().int().min(0).default(8080),
  /** Where the cluster's profiles are. */
  PROFILES_NAMESPACE: z.string().default('edgeloop'),
})

await runService(async () => {
  const settings = readSettings(schema, process.env)
  const teardown = createTeardown()
  try {
    const relays = createRelays()
    teardown.add(relays.close)
    const provider = await createKubernetesProvider({
      client: createKubernetesClient(kubeConfigFrom(process.env)),
      profilesNamespace: settings.PROFILES_NAMESPACE,
      relays,
    })
    teardown.add(provider.close)
    const server = await serveHttp({
      fetch: createGateway(announcing(provider, relays.hint)).fetch,
      host: settings.HOST,
      port: settings.HTTP_PORT,
      name: 'the gateway',
    })
    teardown.add(server.close)
    return { ready: { gateway: server.url }, close: teardown.run }
  } catch (error) {
    await teardown.run()
    throw error
  }
})
