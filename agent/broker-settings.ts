import { z } from 'zod'
import { brokerUrl } from '../lib/event-client/index.ts'
import { readSecretFile } from '../lib/secret-file/index.ts'
import type { ExternalBrokerOptions } from './broker/index.ts'
import { readPem, readTlsFiles } from './tls-files.ts'

/** How an agent is told of another broker. Its user and password are secrets: `broker-username`, `broker-password`. */
export const brokerSettings = {
  /** Another broker that devices speak to, such as mosquitto; the agent's own when absent. */
  BROKER_URL: brokerUrl.optional(),
  /** What that broker knows the agent's session by; made of the agent's name when absent. */
  BROKER_CLIENT_ID: z.string().min(1).max(64).optional(),
  /** 4 is MQTT 3.1.1. */
  BROKER_VERSION: z.enum(['4', '5']).default('4'),
  /** How many of its messages are being taken at a time. */
  BROKER_MAX_INFLIGHT: z.coerce.number().int().min(1).max(65_535).optional(),
  /** PEM files: which authorities are trusted, and what the agent shows. */
  BROKER_CA_FILE: z.string().optional(),
  BROKER_CERTIFICATE_FILE: z.string().optional(),
  BROKER_KEY_FILE: z.string().optional(),
}

type Settings = z.output<z.ZodObject<typeof brokerSettings>>

/**
 * @param name of this agent
 * @param secrets the directory that holds them
 * @returns undefined where the agent is its own broker
 * @throws EdgeloopError MISCONFIGURED when a file cannot be read, or a certificate comes without its key
 */
export async function externalBroker(
  settings: Settings,
  name: string,
  secrets: string
): Promise<ExternalBrokerOptions | undefined> {
  const { BROKER_URL: url, BROKER_CA_FILE: ca } = settings
  if (url === undefined) return undefined
  const shown = await readTlsFiles({
    certificate: settings.BROKER_CERTIFICATE_FILE,
    key: settings.BROKER_KEY_FILE,
    where: 'BROKER_CERTIFICATE_FILE, BROKER_KEY_FILE',
  })
  return {
    url,
    clientId: settings.BROKER_CLIENT_ID ?? `edgeloop-${name}`,
    protocolVersion: settings.BROKER_VERSION === '5' ? 5 : 4,
    username: readSecretFile(secrets, 'broker-username'),
    password: readSecretFile(secrets, 'broker-password'),
    maxInflight: settings.BROKER_MAX_INFLIGHT,
    tls: {
      ...(ca !== undefined && { ca: await readPem(ca) }),
      ...(shown && { cert: shown.certificate, key: shown.key }),
    },
  }
}
