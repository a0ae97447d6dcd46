import mqtt, { ErrorWithReasonCode, type MqttClient } from 'mqtt'

export interface CloudAddress {
  edge: string
  /** The cloud's MQTT broker. */
  broker: string
  /** What it knows this edge by. */
  token?: string
}

/** How long a connection that has ended stays away, in milliseconds. */
export const RECONNECT_MS = 1000

/**
 * Makes connections to the cloud's broker, each of which connects again for ever until it is ended. Says once that the broker
 * refuses this edge, until it has taken it again.
 */
export function cloudClients({ edge, broker, token }: CloudAddress): (clientId: string) => MqttClient {
  let refused = false
  return (clientId) => {
    const client = mqtt.connect(broker, {
      clientId,
      ...(token !== undefined && { username: edge, password: token }),
      reconnectPeriod: RECONNECT_MS,
      // The cloud may be given the same token later.
      reconnectOnConnackError: true,
      connectTimeout: 3000,
      keepalive: 5,
      queueQoSZero: false,
    })
    // Being out of reach is an ordinary state of an edge, and the client tries again by itself. Being refused is not.
    client.on('error', (error) => {
      if (!(error instanceof ErrorWithReasonCode) || refused) return
      refused = true
      console.error(
        `the cloud's MQTT broker does not take this edge: ${error.message}; compare the edge tokens`
      )
    })
    client.on('connect', () => {
      refused = false
    })
    return client
  }
}
