import path from 'node:path'
import type { Hono } from 'hono'
import type { Provider } from '../gateway/index.ts'
import { openDatabase } from '../lib/database/index.ts'
import { asEdgeloopError } from '../lib/errors/index.ts'
import { decodeStructured, type EdgeloopEvent, encodeStructured } from '../lib/events/index.ts'
import { createSpool } from '../lib/spool/index.ts'
import { createTeardown } from '../lib/teardown/index.ts'
import {
  createBroker,
  createExternalBroker,
  type ExternalBrokerOptions,
  type Publication,
  type TlsFiles,
} from './broker/index.ts'
import { createConnector, deliverySchema, followFunctions, invokeWith } from './connector/index.ts'
import { createDeadLetterRoutes } from './dead-letters/index.ts'
import { createKeptAside, createKeptAsideRoutes } from './kept-aside/index.ts'
import { EVENTS, keepOversized, listenTo, takeMessage } from './plain-messages.ts'
import { createScheduler } from './schedule/index.ts'

export interface CloudAgentOptions {
  directory: string
  /** Runs the cloud's functions. */
  provider: Provider
  listen: { host: string; mqtt: number }
  /** Another broker, in place of this agent's own. */
  broker?: ExternalBrokerOptions
  /** What whoever connects to the broker has to send as password; everybody is let in when absent. */
  token?: string
  /** The broker speaks TLS with these. */
  tls?: TlsFiles
  /** Functions whose schedule somebody else plays. */
  unscheduled?: ReadonlySet<string>
  /** How often the list of functions is looked at, in milliseconds. */
  pollMs?: number
  /** Ends the wait for a function list. */
  signal?: AbortSignal
}

/** The connector in the cloud: the cloud's broker, and the functions that its events invoke. */
export interface CloudAgent {
  broker: string
  /** The cloud's dead letters, and what was kept aside, over HTTP. */
  deadLetters: Hono
  close(): Promise<void>
}

/** Every event comes here, whoever asks for it. */
const EVERY_EVENT = `${EVENTS}+`
const HEARTBEAT = /^edges\/[^/]+\/heartbeat$/

/** @throws EdgeloopError UNAVAILABLE when the broker's port is taken */
export async function createCloudAgent(options: CloudAgentOptions): Promise<CloudAgent> {
  const teardown = createTeardown()
  try {
    return { ...(await start(options, teardown.add)), close: teardown.run }
  } catch (error) {
    await teardown.run()
    throw error
  }
}

/** What is added last is closed first: what still runs may want to announce its events. */
async function start(
  options: CloudAgentOptions,
  closeLater: (close: () => unknown) => void
): Promise<Omit<CloudAgent, 'close'>> {
  const { provider, listen, pollMs } = options
  /** Events that are coming in by MQTT: the broker itself delivers them to those who watch. */
  const arriving = new Set<string>()
  const database = await openDatabase(path.join(options.directory, 'database'))
  closeLater(() => database.close())
  const spool = createSpool(database, 'events', deliverySchema)
  const retains = (topic: string) => HEARTBEAT.test(topic)
  const kept = createKeptAside(database)
  const broker = options.broker
    ? createExternalBroker(options.broker, { accept, onOversized: (message) => keepOversized(message, kept) })
    : await createBroker({
        host: listen.host,
        port: listen.mqtt,
        password: options.token,
        tls: options.tls,
        retains,
        accept,
      })
  closeLater(() => broker.close())
  const connector = createConnector({
    spool,
    invoke: invokeWith(provider),
    onEvent: (event) => database.afterCommit(() => announce(event)),
    onTopics: (filters) => listenTo(broker, EVERY_EVENT, filters),
  })
  closeLater(() => connector.close())
  listenTo(broker, EVERY_EVENT, connector.topics())
  const plain = { connector, kept, external: options.broker !== undefined }

  const functions = followFunctions({ connector, provider, pollMs, signal: options.signal })
  closeLater(() => functions.close())
  await functions.ready
  const { publishSync } = connector
  const scheduler = createScheduler({ database, provider, publishSync, except: options.unscheduled })
  closeLater(() => scheduler.close())
  await broker.listen()

  /** Events become this agent's, what functions ask for is theirs; everything else is ordinary MQTT. */
  async function accept(publication: Publication): Promise<void> {
    const { topic, payload } = publication
    if (!topic.startsWith(EVENTS)) return takeMessage(publication, plain)
    try {
      await take(decodeStructured(payload))
    } catch (thrown) {
      const error = asEdgeloopError(thrown)
      if (error.code !== 'INVALID_INPUT') throw error
      // Coming again would not help: it is kept aside, and acknowledged.
      console.error(`${topic}: ${error.message}`)
      await kept.keep(topic, payload, 'malformed', error.message)
    }
  }

  async function take(event: EdgeloopEvent): Promise<void> {
    arriving.add(event.id)
    try {
      await connector.publish(event, 'refuse')
    } finally {
      arriving.delete(event.id)
    }
  }

  function announce(event: EdgeloopEvent): void {
    const messages: Promise<void>[] = []
    if (!arriving.has(event.id))
      messages.push(broker.publish(`events/${event.type}`, encodeStructured(event)))
    if (event.type === 'model.promoted') {
      const { model, channel, version } = event.data
      messages.push(
        broker.publish(`models/${model}/${channel}`, JSON.stringify({ version }), { retain: true })
      )
    }
    Promise.all(messages).catch((error: unknown) =>
      console.error('announce:', asEdgeloopError(error).message)
    )
  }

  return {
    broker: broker.url,
    deadLetters: createDeadLetterRoutes(spool).route('/', createKeptAsideRoutes(kept)),
  }
}
