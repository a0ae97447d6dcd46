/**
 * The connector's container in the cloud: the cloud's MQTT broker, and the cloud's functions that its events invoke
 * through the gateway.
 * @module
 */
import { mkdir } from 'node:fs/promises'
import { z } from 'zod'
import { createRemoteProvider } from '../gateway/index.ts'
import { readSettings } from '../lib/function/index.ts'
import { readSecretFile } from '../lib/secret-file/index.ts'
import { runService } from '../lib/service/index.ts'
import { createTeardown } from '../lib/teardown/index.ts'
import { serveHttp } from '../lib/web-server/index.ts'
import { createCloudAgent } from './index.ts'

const schema = z.object({
  DATA_DIR: z.string().default('/var/lib/edgeloop'),
  HOST: z.string().default('0.0.0.0'),
  MQTT_PORT: z.coerce.number().int().min(0).default(1883),
  /** Where dead letters are shown and replayed; nowhere when absent. */
  HTTP_PORT: z.coerce.number().int().min(0).optional(),
  CLOUD_GATEWAY: z.url(),
  /** Holds `basic-auth-user` and `basic-auth-password`, or `edge-token`. */
  SECRETS_DIR: z.string().default('/var/openfaas/secrets'),
})

await runService(async (signal) => {
  const settings = readSettings(schema, process.env)
  const { DATA_DIR: directory, HOST: host, HTTP_PORT } = settings
  const teardown = createTeardown()
  try {
    await mkdir(directory, { recursive: true })
    const provider = createRemoteProvider({
      gateway: settings.CLOUD_GATEWAY,
      authorization: authorizationFrom(settings.SECRETS_DIR),
      directory,
    })
    teardown.add(() => provider.close())
    const agent = await createCloudAgent({
      directory,
      provider,
      listen: { host, mqtt: settings.MQTT_PORT },
      signal,
    })
    teardown.add(agent.close)
    if (HTTP_PORT !== undefined) {
      const server = await serveHttp({
        fetch: (request) => agent.deadLetters.fetch(request),
        host,
        port: HTTP_PORT,
        name: 'the connector',
      })
      teardown.add(() => server.close())
    }
    return { ready: { broker: agent.broker }, close: teardown.run }
  } catch (error) {
    await teardown.run()
    throw error
  }
})

/** The gateway's own credentials, which also open functions that ask for them; or else what lists functions. */
function authorizationFrom(secrets: string): string | undefined {
  const user = readSecretFile(secrets, 'basic-auth-user')
  const password = readSecretFile(secrets, 'basic-auth-password')
  if (user !== undefined && password !== undefined)
    return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const token = readSecretFile(secrets, 'edge-token')
  return token === undefined ? undefined : `Bearer ${token}`
}
