/**
 * Events over MQTT, for programs that are no agent: the trainer, the local platform, the command line.
 * @module
 */
import mqtt from 'mqtt'
import { asEdgeloopError } from '../errors/index.ts'
import { decodeStructured, type EdgeloopEvent, encodeStructured } from '../events/index.ts'

export interface EventClientOptions {
  /** The agent's broker: `mqtt://HOST:PORT`. */
  broker: string
  /** Client id; two of the same name would throw each other out. */
  name: string
  /** Event types to hear of; `#` for all. */
  types?: readonly string[]
  onEvent?(event: EdgeloopEvent): void
}

export interface EventClient {
  /** Resolves when the agent has the event on disk; waits while the broker is out of reach. */
  publish(event: EdgeloopEvent): Promise<void>
  close(): Promise<void>
}

/** Connects, and connects again for ever; does not wait for the broker. */
export function connectEvents({ broker, name, types = [], onEvent }: EventClientOptions): EventClient {
  const client = mqtt.connect(broker, {
    clientId: name,
    reconnectPeriod: 500,
    connectTimeout: 3000,
    keepalive: 5,
  })
  client.on('error', () => {
    // Out of reach: the client tries again by itself.
  })
  client.on('connect', () => {
    if (types.length > 0)
      client.subscribe(
        types.map((type) => `events/${type}`),
        { qos: 1 }
      )
  })
  client.on('message', (topic, payload) => {
    try {
      onEvent?.(decodeStructured(payload))
    } catch (thrown) {
      console.error(`${topic}: ${asEdgeloopError(thrown).message}`)
    }
  })
  return {
    async publish(event) {
      await client.publishAsync(`events/${event.type}`, encodeStructured(event), { qos: 1 })
    },
    async close() {
      await client.endAsync(true)
    },
  }
}
