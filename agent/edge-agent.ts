import path from 'node:path'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createGateway, type Provider } from '../gateway/index.ts'
import { openDatabase } from '../lib/database/index.ts'
import { asEdgeloopError } from '../lib/errors/index.ts'
import { type EdgeloopEvent, eventSchema, type Uplink } from '../lib/events/index.ts'
import { answersTopic, receiptsTopic } from '../lib/messages/index.ts'
import type { ObjectStore } from '../lib/s3/index.ts'
import { createSpool } from '../lib/spool/index.ts'
import type { Deployment } from '../lib/stack/index.ts'
import { answerTo, createAnswers, type DeviceAnswer, refusalTo } from './answers/index.ts'
import { createBroker, type Publication } from './broker/index.ts'
import { createConnector, subscribersOf } from './connector/index.ts'
import { createDecisionIndex } from './decision-index/index.ts'
import { enrichEvent } from './enrich.ts'
import { followFunctionList } from './function-list/index.ts'
import { createIntake } from './intake/index.ts'
import { createModelCache } from './model-cache/index.ts'
import { createPhotoRoutes, createPhotoStore } from './photo-store/index.ts'
import { recordDeadLetter, recordDecision } from './record-decision.ts'
import { refusalFor } from './refusal.ts'
import { createUplink, type Heartbeat } from './uplink/index.ts'

export interface EdgeAgentOptions {
  edge: string
  /** Everything that has to survive is below this directory. */
  directory: string
  /** Runs this node's functions. */
  provider: Provider
  /** The node's model cache: this agent writes it, functions read it. */
  modelCache: string
  model: string
  store: ObjectStore
  /** The cloud, which may be out of reach. */
  cloud: { gateway: string; broker: string }
  listen: { host: string; http: number; mqtt: number }
  uplink: Uplink
}

export interface EdgeAgent {
  gateway: string
  broker: string
  heartbeat(): Promise<Heartbeat>
  close(): Promise<void>
}

/**
 * Starts an edge: broker, photo store, connector, local gateway, uplink and model cache, in the order in which they
 * need each other. Devices can connect when it resolves, which takes a function list: kept from last time, or from
 * the cloud.
 */
export async function createEdgeAgent(options: EdgeAgentOptions): Promise<EdgeAgent> {
  const { edge, directory, provider, store, listen } = options
  const database = await openDatabase(path.join(directory, 'database'))
  const spool = createSpool<EdgeloopEvent>(database, 'events', eventSchema)
  const decisions = createDecisionIndex(database)
  const answers = createAnswers(database)
  const photos = await createPhotoStore(path.join(directory, 'photos'))

  const connector = createConnector({
    spool,
    invoke: (name, request) => provider.invoke(name, request),
    enrich: (event, context) => enrichEvent(event, context, { gateway, decisions, uplink: options.uplink }),
    onEvent(event) {
      recordDecision(decisions, event)
      if (event.type === 'photo.classified') answerSync(answerTo(event))
      if (event.type === 'sample.uploaded') database.afterCommit(() => uplink.hint(event))
    },
    onDeadLetter(event, subscriber, why) {
      const text = `${subscriber} refused it: ${why}`
      recordDeadLetter(decisions, event, text)
      const refusal = refusalTo(event, text)
      if (refusal) answerSync(refusal)
    },
  })
  const intake = createIntake({ edge, database, photos, decisions, connector })

  const app = new Hono()
    .get('/status', async (c) => c.json(await heartbeat()))
    .route('/', createPhotoRoutes(photos))
    .route('/', createGateway(provider))
  const { server, port } = await listenHttp(app, listen)
  const gateway = `http://${listen.host}:${port}`

  const models = createModelCache({
    store,
    directory: options.modelCache,
    model: options.model,
    channel: 'stable',
  })
  const functions = followFunctionList({ gateway: options.cloud.gateway, directory, apply })
  await functions.ready
  const broker = await createBroker({ host: listen.host, port: listen.mqtt, accept })
  const uplink = createUplink({
    edge,
    broker: options.cloud.broker,
    heartbeat,
    onModelHint: () => models.poke(),
  })

  async function apply(deployments: Deployment[]): Promise<void> {
    const wanted = new Set(deployments.map(({ service }) => service))
    for (const { name } of await provider.list()) if (!wanted.has(name)) await provider.remove(name)
    for (const deployment of deployments) await provider.deploy(deployment)
    await connector.subscribe(subscribersOf(await provider.listHere()))
  }

  /** Photos are for this agent; everything else is ordinary MQTT. */
  async function accept({ topic, payload }: Publication): Promise<void> {
    const device = /^photos\/([^/]+)$/.exec(topic)?.[1]
    if (device === undefined) return
    try {
      const { photo, sequence, repeated } = await intake.receive(device, payload)
      await broker.publish(receiptsTopic(device), JSON.stringify({ photo, sequence }))
      const earlier = repeated && answers.find(photo)
      if (earlier) await send({ device, message: earlier })
    } catch (thrown) {
      const refusal = refusalFor(payload, thrown)
      // Anything but a verdict on the photo itself: closing the connection lets the device keep it and come again.
      if (!refusal) throw thrown
      await broker.publish(receiptsTopic(device), JSON.stringify(refusal))
    }
  }

  /** Inside a transaction: keeps the answer, and sends it once it is on disk. */
  function answerSync(answer: DeviceAnswer): void {
    answers.keepSync(answer)
    database.afterCommit(() => {
      send(answer).catch((error: unknown) => console.error('answer:', asEdgeloopError(error).message))
    })
  }

  const send = ({ device, message }: DeviceAnswer) =>
    broker.publish(answersTopic(device), JSON.stringify(message))

  async function heartbeat(): Promise<Heartbeat> {
    const queues = spool.queues().map((queue) => [queue, spool.depth(queue)] as const)
    return {
      edge,
      at: new Date().toISOString(),
      gateway,
      broker: broker.url,
      totals: decisions.counters(),
      spool: Object.fromEntries(queues.map(([queue, { queued }]) => [queue, queued])),
      deadLetters: queues.reduce((sum, [, { dead }]) => sum + dead, 0),
      model: { name: options.model, wanted: models.offered(), ...(await serving()) },
    }
  }

  /** What `classify` on this node says about itself. */
  async function serving(): Promise<{ serving: number | null; why: string | null }> {
    try {
      const response = await provider.invoke('classify', new Request('http://classify/'))
      const { serving, why } = (await response.json()) as { serving: number | null; why: string | null }
      return { serving, why }
    } catch (error) {
      return { serving: null, why: error instanceof Error ? error.message : String(error) }
    }
  }

  return {
    gateway,
    broker: broker.url,
    heartbeat,
    async close() {
      await functions.close()
      await uplink.close()
      await broker.close()
      await connector.close()
      await models.close()
      await new Promise((resolve) => server.close(resolve))
      await provider.close()
      await database.close()
      store.close()
    },
  }
}

function listenHttp(app: Hono, { host, http }: EdgeAgentOptions['listen']) {
  return new Promise<{ server: ReturnType<typeof serve>; port: number }>((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port: http }, ({ port }) =>
      resolve({ server, port })
    )
    server.once('error', reject)
  })
}
