import type { Aedes, Client } from 'aedes'

/** Who has subscribed to which topic or filter, exactly as they named it. */
export interface Audience {
  /**
   * Whether what is said under this topic now reaches somebody: one who is connected, or whose session is kept with a
   * QoS of 1 or 2. With QoS 0, nothing is kept for one who is away. MQTT 3.1.1, section 4.3.1.
   */
  listens(topic: string): boolean
}

/** @param onListening somebody begins to listen to a topic, or is back with a session that listens with QoS 0 */
export function watchAudience(aedes: Aedes, onListening: (topic: string) => void): Audience {
  /** topic → ids of clients with their QoS; a client that keeps its session stays while it is away. */
  const audience = new Map<string, Map<string, number>>()
  const connected = new Map<string, Client>()

  function forget(topic: string, id: string): void {
    const listeners = audience.get(topic)
    listeners?.delete(id)
    if (listeners?.size === 0) audience.delete(topic)
  }

  aedes.on('client', (client) => {
    connected.set(client.id, client)
    // It wants nothing of what a session of this name had subscribed to.
    if (client.clean) for (const topic of [...audience.keys()]) forget(topic, client.id)
  })
  aedes.on('clientReady', (client) => {
    // A subscription that is restored is not announced as one.
    for (const [topic, listeners] of audience) if (listeners.get(client.id) === 0) onListening(topic)
  })
  aedes.on('clientDisconnect', (client) => {
    // Another connection of this name may have taken over already.
    if (connected.get(client.id) === client) connected.delete(client.id)
  })
  aedes.on('subscribe', (subscriptions, client) => {
    for (const { topic, qos } of subscriptions) {
      audience.set(topic, (audience.get(topic) ?? new Map()).set(client.id, qos))
      onListening(topic)
    }
  })
  aedes.on('unsubscribe', (topics, client) => {
    for (const topic of topics) forget(topic, client.id)
  })

  return {
    listens: (topic) => [...(audience.get(topic) ?? [])].some(([id, qos]) => qos > 0 || connected.has(id)),
  }
}
