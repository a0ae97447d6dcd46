import path from 'node:path'
import { serve } from '@hono/node-server'
import { createCloudAgent } from '../../agent/index.ts'
import {
  createGateway,
  createLocalProvider,
  type Node,
  type Provider,
  readProfiles,
} from '../../gateway/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import { createObjectStore, type ObjectStore } from '../../lib/s3/index.ts'
import { deploymentsOf, handlersOf, readStack } from '../../lib/stack/index.ts'
import { createTrainingController, processJobs } from '../../trainer/index.ts'
import { createS3Server } from '../s3/index.ts'
import type { StateDirectory } from '../state/index.ts'

const BUCKET = 'edgeloop'

export interface CloudOptions {
  state: StateDirectory
  host: string
  ports: { gateway: number; broker: number; s3: number }
  stackFile: string
  profilesDirectory: string
  dataset: string
  /** What `${NAME}` in stack.yml stands for. */
  variables: Readonly<Record<string, string>>
  /** The edges, and how a function there is reached. */
  edges: { nodes(): Node[]; invoke(edge: string, name: string, request: Request): Promise<Response> }
  onEvent(event: EdgeloopEvent): void
}

/** The cloud half of the local platform: S3, gateway with the cloud's functions, broker with connector, trainer. */
export interface Cloud {
  gateway: string
  broker: string
  ports: { gateway: number; broker: number; s3: number }
  /** Addresses and credentials of S3, as functions and jobs expect them in their environment. */
  s3Environment: Readonly<Record<string, string>>
  store: ObjectStore
  provider: Provider
  publish(event: EdgeloopEvent): Promise<void>
  close(): Promise<void>
}

export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { state, host } = options
  const { accessKeyId, secretAccessKey, directory: SECRETS_DIR } = state.secrets
  const s3 = await createS3Server({
    directory: path.join(state.path, 's3'),
    port: options.ports.s3,
    host: '127.0.0.1',
    accessKeyId,
    secretAccessKey,
    buckets: [BUCKET],
  })
  const s3Environment = { S3_ENDPOINT: s3.url, S3_BUCKET: BUCKET, SECRETS_DIR }
  const store = createObjectStore({ endpoint: s3.url, bucket: BUCKET, accessKeyId, secretAccessKey })

  const stack = await readStack(options.stackFile, options.variables)
  const provider = await createLocalProvider({
    node: { name: 'cloud', labels: { 'node-role.kubernetes.io/cloud': '' } },
    directory: path.join(state.path, 'cloud'),
    profiles: await readProfiles(options.profilesDirectory),
    handlers: handlersOf(stack, path.dirname(options.stackFile)),
    environment: s3Environment,
    peers: options.edges,
  })
  for (const deployment of deploymentsOf(stack)) await provider.deploy(deployment)
  const { server, port } = await listen(createGateway(provider).fetch, host, options.ports.gateway)

  const agent = await createCloudAgent({
    directory: path.join(state.path, 'cloud'),
    provider,
    listen: { host: '127.0.0.1', mqtt: options.ports.broker },
    onEvent(event) {
      if (event.type === 'retrain.requested') trainer.poke()
      options.onEvent(event)
    },
  })
  const trainer = createTrainingController({
    store,
    dataset: options.dataset,
    startJob: processJobs({ ...s3Environment, DATASET: options.dataset }),
    publish: (event) => agent.publish(event),
  })

  return {
    gateway: `http://${host}:${port}`,
    broker: agent.broker,
    ports: { gateway: port, broker: agent.port, s3: s3.port },
    s3Environment,
    store,
    provider,
    publish: (event) => agent.publish(event),
    async close() {
      await trainer.close()
      await agent.close()
      await new Promise((resolve) => server.close(resolve))
      await provider.close()
      store.close()
      await s3.close()
    },
  }
}

function listen(fetch: (request: Request) => Response | Promise<Response>, host: string, wanted: number) {
  return new Promise<{ server: ReturnType<typeof serve>; port: number }>((resolve, reject) => {
    const server = serve({ fetch, hostname: host, port: wanted }, ({ port }) => resolve({ server, port }))
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new EdgeloopError('UNAVAILABLE', `the gateway cannot listen: ${cause.code}`, {
          where: `${host}:${wanted}`,
          hint: 'stop what uses the port, or choose another one with --port',
          cause,
        })
      )
    )
  })
}
