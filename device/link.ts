/**
 * A connection to the broker that comes back by itself for ever.
 * @module
 */
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt, { type MqttClient } from 'mqtt'
import { type Backoff, waitAfter } from './backoff.ts'
import type { DeviceLog } from './log.ts'

export interface LinkOptions {
  broker: URL
  clientId: string
  credentials?: { username: string; password: string }
  /** Topics that are subscribed to before `onUp` is called. */
  topics: string[]
  backoff: Backoff
  log: DeviceLog
  onUp(): void
  onDown(): void
  onMessage(topic: string, payload: Uint8Array): void
}

export interface Link {
  /** Whether it is connected and subscribed. */
  readonly up: boolean
  /** Publishes with QoS 1; does nothing while the link is down. */
  publish(topic: string, payload: Uint8Array): void
  close(): Promise<void>
}

/** A connection that breaks sooner counts as a failure, so that a broker that throws us out is not hammered. */
const STEADY_MS = 5_000

/**
 * A photo is written in several pieces, and TCP would keep the last one back until the first is acknowledged, which the
 * other end delays by 40 ms and more.
 */
function sendAtOnce({ stream }: MqttClient): void {
  if (stream instanceof Socket) stream.setNoDelay(true)
}

/**
 * Each connection has a client of its own: whatever an old one still wanted to send is forgotten with it, because the
 * sender knows better what needs sending again, and must not have photos sent twice.
 */
export function createLink(options: LinkOptions): Link {
  const { broker, log } = options
  const where = broker.host
  const closing = new AbortController()
  let client: MqttClient | undefined
  let up = false

  /** From connecting until the connection has ended; resolves to how long it was up, in milliseconds. */
  function connectOnce(): Promise<number> {
    return new Promise((resolve) => {
      const connection = mqtt.connect(broker.href, {
        ...options.credentials,
        clientId: options.clientId,
        // The broker keeps answers for a device that is away for a while.
        clean: false,
        reconnectPeriod: 0,
        connectTimeout: 10_000,
        keepalive: 30,
      })
      client = connection
      sendAtOnce(connection)
      let since: number | undefined
      let reason = 'the broker closed the connection'
      connection.on('error', (error) => {
        reason = error.message || ('code' in error ? String(error.code) : error.name)
      })
      connection.on('connect', () => {
        connection.subscribe(options.topics, { qos: 1 }, (error) => {
          if (closing.signal.aborted || !connection.connected) return
          if (error) {
            reason = `the broker refuses the subscription to ${options.topics.join(' and ')}: ${error.message}`
            connection.end(true)
            return
          }
          log.info({ broker: where }, 'connected')
          since = performance.now()
          up = true
          options.onUp()
        })
      })
      connection.on('message', (topic, payload) => options.onMessage(topic, payload))
      connection.once('close', () => {
        if (up) options.onDown()
        up = false
        if (!closing.signal.aborted) log.warn({ broker: where, reason }, 'not connected')
        resolve(since === undefined ? 0 : performance.now() - since)
      })
    })
  }

  async function keepConnected(): Promise<void> {
    let failures = 0
    while (!closing.signal.aborted) {
      failures = (await connectOnce()) < STEADY_MS ? failures + 1 : 0
      const wait = waitAfter(Math.max(0, failures - 1), options.backoff)
      await sleep(wait, undefined, { signal: closing.signal }).catch(() => {})
    }
  }
  const ended = keepConnected()

  return {
    get up() {
      return up
    },
    publish(topic, payload) {
      // A connection that breaks takes the message with it; the sender sends again when the next one is up.
      if (up)
        client?.publish(topic, Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength), {
          qos: 1,
        })
    },
    async close() {
      closing.abort()
      client?.end(true)
      await ended
    },
  }
}
