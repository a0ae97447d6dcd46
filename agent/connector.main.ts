/**
 * The connector's container in the cloud: the cloud's MQTT broker, and the cloud's functions that its events invoke
 * through the gateway.
 * @module
 */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { createRemoteProvider } from '../gateway/index.ts'
import { EdgeloopError } from '../lib/errors/index.ts'
import { readSettings } from '../lib/function/index.ts'
import { readSecretFile } from '../lib/secret-file/index.ts'
import { runService } from '../lib/service/index.ts'
import { createTeardown } from '../lib/teardown/index.ts'
import { serveHttp } from '../lib/web-server/index.ts'
import { brokerSettings, externalBroker } from './broker-settings.ts'
import { createCloudAgent } from './index.ts'
import { readTlsFiles } from './tls-files.ts'

const schema = z.object({
  DATA_DIR: z.string().default('/var/lib/edgeloop'),
  HOST: z.string().default('0.0.0.0'),
  MQTT_PORT: z.coerce.number().int().min(0).default(1883),
  /** Where dead letters are shown and replayed; nowhere when absent. */
  HTTP_PORT: z.coerce.number().int().min(0).optional(),
  CLOUD_GATEWAY: z.url(),
  /** Holds `edge-token`, which the broker asks for; and `basic-auth-user` and `basic-auth-password`, for the gateway. */
  SECRETS_DIR: z.string().default('/var/openfaas/secrets'),
  /** The broker's certificate and its key, as PEM; it speaks no TLS when both are absent. */
  TLS_CERTIFICATE_FILE: z.string().optional(),
  TLS_KEY_FILE: z.string().optional(),
  ...brokerSettings,
})

await runService(async (signal) => {
  const settings = readSettings(schema, process.env)
  const { DATA_DIR: directory, HOST: host, HTTP_PORT, SECRETS_DIR: secrets } = settings
  const token = edgeTokenFrom(secrets)
  const tls = await readTlsFiles({
    certificate: settings.TLS_CERTIFICATE_FILE,
    key: settings.TLS_KEY_FILE,
    where: 'TLS_CERTIFICATE_FILE, TLS_KEY_FILE',
  })
  const teardown = createTeardown()
  try {
    await mkdir(directory, { recursive: true })
    const provider = createRemoteProvider({
      gateway: settings.CLOUD_GATEWAY,
      authorization: authorizationFrom(secrets) ?? `Bearer ${token}`,
      directory,
    })
    teardown.add(() => provider.close())
    const agent = await createCloudAgent({
      directory,
      provider,
      listen: { host, mqtt: settings.MQTT_PORT },
      broker: await externalBroker(settings, 'cloud', secrets),
      token,
      tls,
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

/** @throws EdgeloopError MISCONFIGURED when there is none: a broker must not be open by mistake */
function edgeTokenFrom(secrets: string): string {
  const token = readSecretFile(secrets, 'edge-token')
  if (token !== undefined) return token
  throw new EdgeloopError('MISCONFIGURED', 'there is no edge token: anybody could connect to the broker', {
    where: path.join(secrets, 'edge-token'),
    hint: 'mount the secret edgeloop, see docs/deploy.md',
  })
}

/** The gateway's own credentials, which also open functions that ask for them. */
function authorizationFrom(secrets: string): string | undefined {
  const user = readSecretFile(secrets, 'basic-auth-user')
  const password = readSecretFile(secrets, 'basic-auth-password')
  if (user === undefined || password === undefined) return undefined
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}
