import { setTimeout as sleep } from 'node:timers/promises'
import mqtt, { ErrorWithReasonCode, type IClientOptions } from 'mqtt'
import type { IPublishPacket } from 'mqtt-packet'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import { acknowledgeLater } from './acknowledge-later.ts'
import type { Broker, Publication } from './types.ts'

export interface ExternalBrokerOptions {
  /** `mqtt://HOST:PORT`, or `mqtts://` with TLS. */
  url: string
  /** Names the session that the broker keeps while this client is away: always the same one, and nobody else's. */
  clientId: string
  username?: string
  password?: string
  /** What TLS trusts, and what it shows, as PEM: `ca` in place of the system's authorities, `cert` and `key` where asked for. */
  tls?: { ca?: string; cert?: string; key?: string }
  /** 4 is MQTT 3.1.1, which every broker speaks. */
  protocolVersion?: 4 | 5
  /** How many publications are being accepted at a time; more wait at the broker. */
  maxInflight?: number
  /** Larger ones are not asked for (MQTT 5), or handed to `onOversized`, in bytes. */
  maxBytes?: number
}

/** What becomes of what it is sent. */
export interface ExternalBrokerHandlers {
  /**
   * Takes a publication before it is acknowledged. What rejects is not acknowledged: the connection is begun anew, and the broker
   * sends it again.
   */
  accept(publication: Publication): Promise<void>
  /** One that is larger than `maxBytes`; it is acknowledged then, as it would come again and again. */
  onOversized(publication: Publication): Promise<void>
}

/** As many as mosquitto sends without an acknowledgement. */
const MAX_INFLIGHT = 20
const MAX_BYTES = 48 * 2 ** 20
/** After a failure, the next connection waits so long, in milliseconds: what failed would fail again at once. */
const RECONNECT_MS = 1000
/** How long what is being accepted may take to end when this closes, in milliseconds; it is sent again otherwise. */
const GRACE_MS = 2000
/** For a week the broker keeps what comes for a client that is away, in seconds. MQTT 3.1.1's sessions have no end. */
const SESSION_S = 7 * 24 * 60 * 60

/**
 * Another broker, such as mosquitto, in place of the agent's own: its acknowledgement to a device means what it means there, and
 * the promise of this agent begins with the receipt. The agent acknowledges what `accept` has taken, and only that.
 */
export function createExternalBroker(
  options: ExternalBrokerOptions,
  { accept, onOversized }: ExternalBrokerHandlers
): Broker {
  const { url, maxInflight = MAX_INFLIGHT, maxBytes = MAX_BYTES, protocolVersion = 4 } = options
  const client = mqtt.connect(url, {
    ...credentials(options),
    clientId: options.clientId,
    protocolVersion,
    clean: false,
    manualConnect: true,
    reconnectPeriod: RECONNECT_MS,
    reconnectOnConnackError: true,
    // Subscriptions are this broker's matter, below.
    resubscribe: false,
    ...(protocolVersion === 5 && {
      properties: {
        receiveMaximum: maxInflight,
        maximumPacketSize: maxBytes,
        sessionExpiryInterval: SESSION_S,
      },
    }),
  })
  const accepting = new Set<Promise<void>>()
  /** Resumes reading, once there is a place for the next one. */
  const waiting: (() => void)[] = []
  let wanted: readonly string[] = []
  let subscribed = new Set<string>()
  let oversized = 0
  let complaint = ''
  let isReconciling = false
  let isStarted = false

  acknowledgeLater(client, (packet, acknowledge, resume) => {
    const taking = take(publicationOf(packet))
      .then(acknowledge, failed)
      .finally(() => {
        accepting.delete(taking)
        waiting.shift()?.()
      })
    accepting.add(taking)
    if (accepting.size < maxInflight) resume()
    else waiting.push(resume)
  })
  async function take(publication: Publication): Promise<void> {
    if (publication.payload.length <= maxBytes) return accept(publication)
    oversized++
    return onOversized(publication)
  }

  function failed(thrown: unknown): void {
    complain(asEdgeloopError(thrown).message)
    // Only a new connection is sent it again.
    client.stream?.destroy()
  }

  /** Once for each reason in a row. */
  function complain(message: string): void {
    if (message !== complaint) console.error(`MQTT broker ${url}: ${message}`)
    complaint = message
  }

  client.on('connect', ({ sessionPresent }) => {
    complaint = ''
    if (!sessionPresent) subscribed = new Set()
    void reconcile()
  })
  client.on('error', (error) => {
    // Being out of reach is an ordinary state.
    if (error instanceof ErrorWithReasonCode) complain(`does not take this agent: ${error.message}`)
  })

  /**
   * First what is new, then without what is not wanted any more: nothing that is wanted is missed. One change at a time, until
   * nothing differs.
   */
  async function reconcile(): Promise<void> {
    if (isReconciling) return
    isReconciling = true
    try {
      while (client.connected) {
        const missing = wanted.filter((filter) => !subscribed.has(filter))
        const surplus = [...subscribed].filter((filter) => !wanted.includes(filter))
        if (missing.length > 0) {
          await client.subscribeAsync(missing, { qos: 1 })
          for (const filter of missing) subscribed.add(filter)
        } else if (surplus.length > 0) {
          await client.unsubscribeAsync(surplus)
          for (const filter of surplus) subscribed.delete(filter)
        } else return
      }
    } catch (thrown) {
      // Tried again with the next connection, or the next change.
      if (client.connected) complain(`refuses a change of subscriptions: ${asEdgeloopError(thrown).message}`)
    } finally {
      isReconciling = false
    }
  }

  return {
    url,
    get oversized() {
      return oversized
    },
    async listen() {
      isStarted = true
      client.connect()
    },
    follow(filters) {
      wanted = [...filters]
      void reconcile()
    },
    // Who has subscribed is the broker's secret; it keeps what is said for sessions that are away.
    listens: () => true,
    // Without waiting for the broker to acknowledge it: what does that would be read behind the very publications that wait for
    // this. A device without its receipt comes again.
    async publish(topic, payload, { retain = false } = {}) {
      client.publish(topic, payload, { qos: 1, retain })
    },
    async deliver(topic, payload, onSafe) {
      // Not before it is acknowledged: it waits in this process while the broker is away.
      client.publish(topic, payload, { qos: 1 }, (error) => error ?? onSafe())
    },
    async close() {
      if (!isStarted) return
      // What is being accepted may wait to be told about at a broker that is away.
      await Promise.race([Promise.allSettled(accepting), sleep(GRACE_MS, undefined, { ref: false })])
      await client.endAsync(true)
    },
  }
}

function credentials({ username, password, tls }: ExternalBrokerOptions): IClientOptions {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...tls,
  }
}

function publicationOf({ topic, payload, qos, properties }: IPublishPacket): Publication {
  const userProperties = Object.entries(properties?.userProperties ?? {}).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value])
  )
  return {
    topic,
    payload: Buffer.isBuffer(payload) ? payload : Buffer.from(payload),
    qos,
    userProperties,
    ...(properties?.contentType !== undefined && { contentType: properties.contentType }),
    ...(properties?.correlationData && { correlationData: properties.correlationData }),
  }
}
