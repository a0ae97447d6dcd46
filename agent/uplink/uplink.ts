import mqtt, { ErrorWithReasonCode } from 'mqtt'
import type { Heartbeat, LinkState } from '../../lib/edge-status/index.ts'
import { type EdgeloopEvent, encodeStructured } from '../../lib/events/index.ts'

export interface UplinkOptions {
  edge: string
  /** The cloud's MQTT broker. */
  broker: string
  /** What it knows this edge by. */
  token?: string
  heartbeat(): Promise<Heartbeat>
  heartbeatMs?: number
  /** Something says that a model's channel has moved. */
  onModelHint(): void
}

/** The edge's connection to the cloud's broker: heartbeats and hints; nothing that must not be lost. */
export interface Uplink {
  /** Whether the cloud is in reach, and since when it is so. */
  state(): LinkState
  /** Tells the cloud about an event, if it is in reach. */
  hint(event: EdgeloopEvent): void
  close(): Promise<void>
}

export function createUplink(options: UplinkOptions): Uplink {
  const { edge, heartbeatMs = 1000 } = options
  const client = mqtt.connect(options.broker, {
    clientId: `edge-${edge}`,
    ...(options.token !== undefined && { username: edge, password: options.token }),
    reconnectPeriod: 1000,
    // The cloud may be given the same token later.
    reconnectOnConnackError: true,
    connectTimeout: 3000,
    keepalive: 5,
    queueQoSZero: false,
  })
  let state: LinkState = { connected: false, since: new Date().toISOString() }
  let refused = false
  // Being out of reach is an ordinary state of an edge, and the client tries again by itself. Being refused is not.
  client.on('error', (error) => {
    if (!(error instanceof ErrorWithReasonCode) || refused) return
    refused = true
    console.error(
      `the cloud's MQTT broker does not take this edge: ${error.message}; compare the edge tokens`
    )
  })
  client.on('close', () => turned(false))
  client.on('connect', () => {
    turned(true)
    refused = false
    client.subscribe('models/+/+', { qos: 1 })
    // It may have moved while nobody could say so.
    options.onModelHint()
    beat()
  })
  client.on('message', (topic) => {
    if (topic.startsWith('models/')) options.onModelHint()
  })

  function turned(connected: boolean): void {
    if (connected !== state.connected) state = { connected, since: new Date().toISOString() }
  }

  function beat(): void {
    if (!client.connected) return
    options.heartbeat().then(
      (heartbeat) => client.publish(`edges/${edge}/heartbeat`, JSON.stringify(heartbeat), { retain: true }),
      (error: unknown) => console.error('heartbeat:', error)
    )
  }
  const timer = setInterval(beat, heartbeatMs)

  return {
    state: () => state,
    hint(event) {
      if (!client.connected) return
      client.publish(`events/${event.type}`, encodeStructured(event), { qos: 0 })
    },
    async close() {
      clearInterval(timer)
      await client.endAsync(true)
    },
  }
}
