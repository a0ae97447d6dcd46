import path from 'node:path'
import { setInterval } from 'node:timers'
import type { Provider } from '../gateway/index.ts'
import { openDatabase } from '../lib/database/index.ts'
import { asEdgeloopError } from '../lib/errors/index.ts'
import { decodeStructured, type EdgeloopEvent, encodeStructured, eventSchema } from '../lib/events/index.ts'
import { createSpool } from '../lib/spool/index.ts'
import { createBroker, type Publication } from './broker/index.ts'
import { createConnector, subscribersOf } from './connector/index.ts'

export interface CloudAgentOptions {
  directory: string
  /** Runs the cloud's functions. */
  provider: Provider
  listen: { host: string; mqtt: number }
  /** How often the list of functions is looked at, in milliseconds. */
  pollMs?: number
  /** Sees every event of the cloud once it is on disk. */
  onEvent?(event: EdgeloopEvent): void
}

/** The connector in the cloud: the cloud's broker, and the functions that its events invoke. */
export interface CloudAgent {
  broker: string
  port: number
  /** Resolves when the event is on disk. */
  publish(event: EdgeloopEvent): Promise<void>
  close(): Promise<void>
}

export async function createCloudAgent(options: CloudAgentOptions): Promise<CloudAgent> {
  const { provider, listen, pollMs = 1000 } = options
  const database = await openDatabase(path.join(options.directory, 'database'))
  const spool = createSpool<EdgeloopEvent>(database, 'events', eventSchema)
  const connector = createConnector({
    spool,
    invoke: (name, request) => provider.invoke(name, request),
    onEvent: (event) => database.afterCommit(() => announce(event)),
  })

  const follow = async () => connector.subscribe(subscribersOf(await provider.listHere()))
  await follow()
  const timer = setInterval(() => {
    follow().catch((error: unknown) => console.error('function list:', asEdgeloopError(error).message))
  }, pollMs)

  const broker = await createBroker({ host: listen.host, port: listen.mqtt, accept })

  /** Hints from the edges become events of the cloud; heartbeats and the rest are ordinary MQTT. */
  async function accept({ topic, payload }: Publication): Promise<void> {
    if (!topic.startsWith('events/')) return
    try {
      await connector.publish(decodeStructured(payload))
    } catch (thrown) {
      const error = asEdgeloopError(thrown)
      if (error.code !== 'INVALID_INPUT') throw error
      console.error(`${topic}: ${error.message}`)
    }
  }

  function announce(event: EdgeloopEvent): void {
    options.onEvent?.(event)
    const messages = [broker.publish(`events/${event.type}`, encodeStructured(event))]
    if (event.type === 'model.promoted') {
      const { model, channel, version } = event.data
      messages.push(
        broker.publish(`models/${model}/${channel}`, JSON.stringify({ version }), { retain: true })
      )
    }
    Promise.all(messages).catch((error: unknown) => console.error('announce:', error))
  }

  return {
    broker: broker.url,
    port: broker.port,
    publish: (event) => connector.publish(event),
    async close() {
      clearInterval(timer)
      await broker.close()
      await connector.close()
      await database.close()
    },
  }
}
