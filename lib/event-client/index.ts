/**
 * Events over MQTT, for programs that are no agent: the trainer, the local platform, the command line.
 * @module
 */
import mqtt, { ErrorWithReasonCode } from 'mqtt'
import { z } from 'zod'
import { asEdgeloopError } from '../errors/index.ts'
import { decodeStructured, type EdgeloopEvent, encodeStructured } from '../events/index.ts'

/** The address of a broker, as mqtt.js takes it. */
export const brokerUrl = z.url({
  protocol: /^(mqtts?|wss?)$/,
  error: 'must be mqtt://HOST:PORT or mqtts://HOST:PORT',
})

export interface EventClientOptions {
  /** The agent's broker: `mqtt://HOST:PORT`. */
  broker: string
  /** Client id; two of the same name would throw each other out. */
  name: string
  /** What a broker that asks for it is sent as password: the edge token. */
  token?: string
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
export function connectEvents({ broker, name, token, types = [], onEvent }: EventClientOptions): EventClient {
  const client = mqtt.connect(broker, {
    clientId: name,
    ...(token !== undefined && { username: name, password: token }),
    reconnectPeriod: 500,
    // Secrets may be put right while this waits.
    reconnectOnConnackError: true,
    connectTimeout: 3000,
    keepalive: 5,
  })
  let refused = false
  // Out of reach is nothing to say: the client tries again by itself.
  client.on('error', (error) => {
    if (!(error instanceof ErrorWithReasonCode) || refused) return
    refused = true
    console.error(`the MQTT broker does not take ${name}: ${error.message}; compare the edge tokens`)
  })
  client.on('connect', () => {
    refused = false
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
