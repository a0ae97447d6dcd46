import path from 'node:path'
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import {
  createEdgeAuthenticator,
  createInvocations,
  LOGS_PATH,
  type PlacedProvider,
} from '../gateway/index.ts'
import { openDatabase } from '../lib/database/index.ts'
import type { Heartbeat } from '../lib/edge-status/index.ts'
import { asEdgeloopError } from '../lib/errors/index.ts'
import type { Uplink as UplinkPolicy } from '../lib/events/index.ts'
import { answersTopic, isRefusedForGood, receiptsTopic } from '../lib/messages/index.ts'
import type { ModelSelection } from '../lib/model-selection/index.ts'
import type { ObjectStore } from '../lib/s3/index.ts'
import { createTeardown } from '../lib/teardown/index.ts'
import { type NodeBindings, serveHttp } from '../lib/web-server/index.ts'
import about from '../package.json' with { type: 'json' }
import { answerTo, createAnswers, type DeviceAnswer, refusalTo } from './answers/index.ts'
import {
  createBroker,
  createExternalBroker,
  type ExternalBrokerOptions,
  type Publication,
} from './broker/index.ts'
import { createConnector, followFunctions, invokeWith } from './connector/index.ts'
import { createDeadLetterRoutes } from './dead-letters/index.ts'
import { createDecisionRoutes } from './decision-index/index.ts'
import { followDesired } from './desired/index.ts'
import { enrichEvent } from './enrich.ts'
import { functionHealth } from './function-health.ts'
import { openIdentity } from './identity/index.ts'
import { createIntake } from './intake/index.ts'
import { openKeptPhotos } from './keep-photos.ts'
import { createKeptAside, createKeptAsideRoutes } from './kept-aside/index.ts'
import { createEdgeLabelQueue, createLabelDoor, createModelLabels, followDoubts } from './labelling/index.ts'
import { createLogRoutes, type LogSource } from './logs/index.ts'
import { createAgentMetrics } from './metrics/index.ts'
import { createModelCache } from './model-cache/index.ts'
import { createPhotoRoutes, type DiskLimits, isFromThisNode } from './photo-store/index.ts'
import { keepOversized, listenTo, takeMessage } from './plain-messages.ts'
import { isEndOfPhoto, recordDeadLetter, recordDecision } from './record-decision.ts'
import { refusalFor } from './refusal.ts'
import { createRelay } from './relay/index.ts'
import { createRoomAlarms } from './room-alarms.ts'
import { createScheduler } from './schedule/index.ts'
import { createUplink, type Uplink } from './uplink/index.ts'
import { createUplinkPolicy } from './uplink-policy/index.ts'
import { uploadSize } from './upload-size.ts'

export interface EdgeAgentOptions {
  edge: string
  /** Everything that has to survive is below this directory. */
  directory: string
  /** Knows and reaches this node's functions; closed with the agent. */
  provider: PlacedProvider
  /** What this node's functions have written; nothing where it is not known. */
  logs?: LogSource
  /** The node's model cache: this agent writes it, functions read it. */
  modelCache: string
  /** What is in it; heartbeats speak of the first. */
  models: readonly ModelSelection[]
  /** Where its samples, and the answers of its people, belong. */
  dataset: string
  /** Closed with the agent. */
  store: ObjectStore
  /** The cloud, which may be out of reach, and what its gateway and its broker know this edge by. */
  cloud: { gateway: string; broker: string; token?: string }
  listen: { host: string; http: number; mqtt: number }
  /** Another broker that devices speak to, in place of this agent's own. */
  broker?: ExternalBrokerOptions
  /** What goes up, where the desired configuration does not say. */
  uplink: UplinkPolicy
  /** What photos may take of the disk. */
  disk?: DiskLimits
  /** How often the registry, the desired configuration and the functions are looked at without being told, in milliseconds. */
  pollMs?: number
  /** Ends the wait for a function list. */
  signal?: AbortSignal
}

export interface EdgeAgent {
  gateway: string
  broker: string
  heartbeat(): Promise<Heartbeat>
  close(): Promise<void>
}

/**
 * Starts an edge: photo store, local gateway, model cache, connector, broker and uplink. Devices can connect when it
 * resolves, which takes a function list: kept from last time, or from the cloud.
 *
 * @throws EdgeloopError UNAVAILABLE when a port is taken, or when the signal fires first
 */
export async function createEdgeAgent(options: EdgeAgentOptions): Promise<EdgeAgent> {
  const teardown = createTeardown()
  try {
    return { ...(await start(options, teardown.add)), close: teardown.run }
  } catch (error) {
    await teardown.run()
    throw error
  }
}

const PHOTOS = 'photos/'
const EVERY_PHOTO = `${PHOTOS}+`
/** What devices believe: that a photo is on disk, and what it shows. */
const RESERVED = ['receipts/', 'answers/']

async function* nothing(): AsyncGenerator<never> {}

const classifierStatus = z.object({ serving: z.int().positive().nullable(), why: z.string().nullable() })

/** How long `classify` may take to say what it serves, in milliseconds: heartbeats come every second. */
const CLASSIFIER_MS = 800

/**
 * What is added last is closed first: nothing new is started, what runs ends while photos, gateway and broker are still
 * there for it, and the answers go out before the broker closes.
 */
async function start(
  options: EdgeAgentOptions,
  closeLater: (close: () => unknown) => void
): Promise<Omit<EdgeAgent, 'close'>> {
  const { edge, directory, provider, store, listen, pollMs } = options
  const began = performance.now()
  closeLater(() => store.close())
  closeLater(() => provider.close())
  const me = await openIdentity(directory)
  const database = await openDatabase(path.join(directory, 'database'))
  closeLater(() => database.close())
  const keptPhotos = await openKeptPhotos(database, path.join(directory, 'photos'), options.disk)
  const { spool, decisions, book, ledger, photos, bound } = keptPhotos
  closeLater(() => bound.settled())
  const answers = createAnswers(database)
  const roomAlarms = createRoomAlarms()
  let uplink: Uplink | undefined
  const metrics = createAgentMetrics({ spool, heartbeat })

  const desired = await followDesired({ edge, store, directory, pollMs })
  closeLater(() => desired.close())
  const models = createModelCache({
    store,
    directory: options.modelCache,
    models: options.models,
    channel: () => desired.current()?.channel,
    pollMs,
  })
  closeLater(() => models.close())

  const doubts = followDoubts({ store, dataset: options.dataset, database, book })
  closeLater(() => doubts.close())

  const kept = createKeptAside(database)
  const limits = { longTopics: PHOTOS }
  const broker = options.broker
    ? createExternalBroker(options.broker, { accept, onOversized: (message) => keepOversized(message, kept) })
    : await createBroker({
        host: listen.host,
        port: listen.mqtt,
        limits,
        reserved: RESERVED,
        accept,
        onSubscribe,
      })
  closeLater(() => broker.close())

  const authenticator = createEdgeAuthenticator(options.cloud.token)
  const invocations = createInvocations(provider, { authenticator })
  closeLater(() => invocations.close())
  // The cloud's gateway has asked already.
  const fromTheCloud = createInvocations(provider)
  closeLater(() => fromTheCloud.close())
  const logs = createLogRoutes(options.logs ?? nothing)
  const { token } = options.cloud
  const hasToken = ({ req }: Context) =>
    token !== undefined && authenticator.isEdge(req.header('authorization'))
  const isHere = ({ env }: Context) => isFromThisNode(env.incoming.socket.remoteAddress)
  const labelQueue = createEdgeLabelQueue({
    ...{ edge, dataset: options.dataset, database, book, decisions, photos },
    modelLabels: createModelLabels({
      directory: options.modelCache,
      model: options.models[0]!.model,
      version: models.offered,
    }),
    publishSync: (event) => connector.publishSync(event),
  })
  const app = new Hono<{ Bindings: NodeBindings }>()
    .get('/status', async (c) => c.json(await heartbeat()))
    .route(
      '/',
      createPhotoRoutes(photos, (context) => isHere(context) || hasToken(context))
    )
    .route(
      '/',
      // Functions of this node read its photos; in people's names they have nothing to say.
      createLabelDoor(labelQueue, token === undefined ? isHere : hasToken)
    )
    .route('/', createDecisionRoutes(decisions))
    .route('/', metrics.routes)
    .route('/', createDeadLetterRoutes(spool, decisions.reviveSync))
    .route('/', createKeptAsideRoutes(kept))
    .route('/', invocations)
  const server = await serveHttp({
    fetch: app.fetch,
    intercept: invocations.intercept,
    host: listen.host,
    port: listen.http,
    name: `the gateway of ${edge}`,
  })
  closeLater(() => server.close())
  const gateway = server.url

  const uplinkPolicy = createUplinkPolicy({ desired: desired.current })
  const whatGoesUp = () => desired.current()?.uplink ?? options.uplink
  const connector = createConnector({
    spool,
    async admit(subscriber, delivery, signal) {
      const bytes = uploadSize(subscriber, delivery, whatGoesUp())
      if (bytes > 0) await uplinkPolicy.admit(bytes, signal)
    },
    invoke: metrics.counting(invokeWith(provider)),
    enrich: (event, context) =>
      enrichEvent(event, context, {
        ...{ gateway, decisions, uplink: whatGoesUp() },
        budgets: desired.current()?.budgets,
      }),
    onEvent(event) {
      recordDecision({ decisions, book, uplink: whatGoesUp() }, event)
      if (event.type === 'photo.classified') answerSync(answerTo(event))
      if (event.type === 'sample.uploaded' || event.type === 'label.uploaded')
        database.afterCommit(() => uplink?.hint(event))
    },
    onDeadLetter(event, subscriber, why) {
      if (!isEndOfPhoto(event, subscriber)) return
      const text = `${subscriber} refused it: ${why}`
      recordDeadLetter(decisions, event, text)
      const refusal = refusalTo(event, text)
      if (refusal) answerSync(refusal)
    },
    onTopics: (filters) => listenTo(broker, EVERY_PHOTO, filters),
  })
  closeLater(() => connector.close())
  listenTo(broker, EVERY_PHOTO, connector.topics())
  const plain = { connector, kept, external: options.broker !== undefined }
  const intake = createIntake({ edge, database, connector, ...keptPhotos })

  const relay = createRelay({
    edge,
    gateway: options.cloud.gateway,
    token: options.cloud.token,
    fetch: (request) =>
      new URL(request.url).pathname === LOGS_PATH ? logs.fetch(request) : fromTheCloud.fetch(request),
    onHint: provider.look,
  })
  closeLater(() => relay.close())

  const functions = followFunctions({ connector, provider, pollMs, signal: options.signal })
  closeLater(() => functions.close())
  await functions.ready
  const scheduler = createScheduler({ database, provider, publishSync: connector.publishSync })
  closeLater(() => scheduler.close())

  await broker.listen()
  // Devices do not notice that this agent was away when it is not their broker.
  if (options.broker) for (const device of answers.devices()) sendMissed(device)
  uplink = createUplink({
    edge,
    me,
    broker: options.cloud.broker,
    token: options.cloud.token,
    heartbeat,
    onModelHint: () => models.poke(),
    onDesiredHint: desired.look,
    onStandby: relay.pause,
  })
  closeLater(() => uplink?.close())

  /** Photos are for this agent, what functions ask for is theirs; everything else is ordinary MQTT. */
  async function accept(publication: Publication): Promise<void> {
    const { topic, payload } = publication
    if (topic.startsWith(PHOTOS)) return acceptPhoto(topic, payload)
    // Events are this agent's own; nobody else makes them on this node.
    return takeMessage(publication, plain)
  }

  async function acceptPhoto(topic: string, payload: Uint8Array): Promise<void> {
    // All of the rest, so that a name which cannot be a device's is refused and not taken for a success.
    const device = topic.slice(PHOTOS.length)
    try {
      const { photo, sequence, repeated } = await intake.receive(device, payload)
      metrics.received(payload.length, repeated)
      await broker.publish(receiptsTopic(device), JSON.stringify({ photo, sequence }))
      const earlier = repeated && (await database.transaction(() => answers.askSync(photo, device)))
      if (earlier) await send({ device, message: earlier })
    } catch (thrown) {
      const refusal = refusalFor(payload, thrown)
      if (refusal) {
        metrics.refused(refusal.code)
        await broker.publish(receiptsTopic(device), JSON.stringify(refusal))
      }
      const isFinal = refusal !== undefined && isRefusedForGood(refusal)
      // Without a verdict on the photo itself, the device has to keep it: whoever does not listen to receipts is told by
      // a connection that closes without an acknowledgement.
      if (!isFinal && !(refusal && broker.listens(receiptsTopic(device)))) throw thrown
      if (isFinal) {
        const reason = refusal.code === 'TOO_LARGE' ? 'oversized' : 'malformed'
        await kept.keep(topic, payload, reason, refusal.error)
      }
    }
  }

  /** Inside a transaction: keeps the answer, and sends it once it is on disk. */
  function answerSync(answer: DeviceAnswer): void {
    const messages = answers.keepSync(answer)
    database.afterCommit(() => {
      for (const message of messages)
        send(message).catch((error: unknown) => console.error('answer:', asEdgeloopError(error).message))
    })
  }

  /** A device that was away, or an agent that was: what was answered meanwhile is said now. */
  function onSubscribe(topic: string): void {
    const device = /^answers\/([^/+#]+)$/.exec(topic)?.[1]
    if (device !== undefined) sendMissed(device)
  }

  function sendMissed(device: string): void {
    Promise.all(answers.missed(device).map(send)).catch((error: unknown) =>
      console.error('answers:', asEdgeloopError(error).message)
    )
  }

  async function send(answer: DeviceAnswer): Promise<void> {
    const topic = answersTopic(answer.device)
    await broker.deliver(topic, JSON.stringify(answer.message), () => answers.heard(answer))
  }

  async function heartbeat(): Promise<Heartbeat> {
    const queues = spool.queues().map((queue) => [queue, spool.depth(queue)] as const)
    const parked = queues.filter(([, depth]) => depth.parked && depth.queued > 0)
    const { serving, why } = await classifier()
    const disk = bound.status()
    const room = spool.room()
    const pinned = ledger.pinned()
    return {
      edge,
      at: new Date().toISOString(),
      agent: { ...me, version: about.version, uptimeSeconds: (performance.now() - began) / 1000 },
      gateway,
      broker: broker.url,
      link: uplink?.state() ?? { connected: false, since: new Date().toISOString() },
      totals: decisions.counters(),
      spool: Object.fromEntries(queues.map(([queue, { queued }]) => [queue, queued])),
      parked: parked.map(([queue]) => queue),
      functions: functionHealth(await provider.listAt().catch(() => []), spool, connector.circuits()),
      desired: desired.status(),
      held: uplinkPolicy.held(),
      alarms: [...(uplink?.alarms() ?? []), ...roomAlarms(disk, room, pinned)],
      oversizedPackets: broker.oversized,
      memory: { rss: process.memoryUsage.rss() },
      disk,
      pinned,
      room,
      deadLetters: queues.reduce((sum, [, { dead }]) => sum + dead, 0),
      model: {
        name: options.models[0]!.model,
        wanted: models.wanted(),
        serving,
        why: why ?? models.problem(),
      },
    }
  }

  /** What `classify` on this node says about itself. */
  async function classifier(): Promise<z.infer<typeof classifierStatus>> {
    try {
      const signal = AbortSignal.timeout(CLASSIFIER_MS)
      const response = await provider.invoke('classify', new Request('http://classify/', { signal }))
      return classifierStatus.parse(await response.json())
    } catch (error) {
      return { serving: null, why: `classify does not say what it serves: ${asEdgeloopError(error).message}` }
    }
  }

  return { gateway, broker: broker.url, heartbeat }
}
