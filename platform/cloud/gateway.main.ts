/**
 * The cloud's gateway of the local platform in a process of its own: the OpenFaaS API, the cloud's functions, the
 * cloud's broker, and the connector between them.
 * @module
 */
import path from 'node:path'
import { serve } from '@hono/node-server'
import { z } from 'zod'
import { type CloudAgent, createCloudAgent } from '../../agent/index.ts'
import { createGateway, createLocalProvider, readProfiles } from '../../gateway/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { readSettings } from '../../lib/function/index.ts'
import { serveUntilStopped } from '../../lib/service/index.ts'
import { deploymentsOf, handlersOf, readStack } from '../../lib/stack/index.ts'
import { relay } from './relay.ts'

const settings = readSettings(
  z.object({
    DATA_DIR: z.string(),
    HOST: z.string(),
    HTTP_PORT: z.coerce.number().int().min(0),
    MQTT_PORT: z.coerce.number().int().min(0),
    S3_ENDPOINT: z.url(),
    S3_BUCKET: z.string(),
    SECRETS_DIR: z.string(),
    STACK_FILE: z.string(),
    PROFILES_DIR: z.string(),
  }),
  process.env
)

const { DATA_DIR, HOST, STACK_FILE, S3_ENDPOINT, S3_BUCKET, SECRETS_DIR } = settings
let agent: CloudAgent | undefined
const edges = () => agent?.edges() ?? []

const stack = await readStack(STACK_FILE, process.env)
const provider = await createLocalProvider({
  node: { name: 'cloud', labels: { 'node-role.kubernetes.io/cloud': '' } },
  directory: DATA_DIR,
  profiles: await readProfiles(settings.PROFILES_DIR),
  handlers: handlersOf(stack, path.dirname(STACK_FILE)),
  environment: { S3_ENDPOINT, S3_BUCKET, SECRETS_DIR },
  peers: {
    nodes: () =>
      edges().map(({ edge }) => ({
        name: edge,
        labels: { 'node-role.kubernetes.io/edge': '', 'kubernetes.io/hostname': edge },
      })),
    invoke(name, fn, request) {
      const edge = edges().find((candidate) => candidate.edge === name)
      if (!edge) throw new EdgeloopError('UNAVAILABLE', `${name} is out of reach`, { where: name })
      return relay(edge, fn, request)
    },
  },
})
for (const deployment of deploymentsOf(stack)) await provider.deploy(deployment)

const { server, port } = await listen()
agent = await createCloudAgent({
  directory: DATA_DIR,
  provider,
  listen: { host: '127.0.0.1', mqtt: settings.MQTT_PORT },
})

serveUntilStopped({ gateway: `http://${HOST}:${port}`, broker: agent.broker }, async () => {
  await agent.close()
  await new Promise((resolve) => server.close(resolve))
  await provider.close()
})

function listen(): Promise<{ server: ReturnType<typeof serve>; port: number }> {
  const { HTTP_PORT } = settings
  return new Promise((resolve, reject) => {
    const { fetch } = createGateway(provider)
    const server = serve({ fetch, hostname: HOST, port: HTTP_PORT }, ({ port }) => resolve({ server, port }))
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new EdgeloopError('UNAVAILABLE', `the gateway cannot listen: ${cause.code}`, {
          where: `${HOST}:${HTTP_PORT}`,
          hint: 'stop what uses the port, or choose another one with --port',
          cause,
        })
      )
    )
  })
}
