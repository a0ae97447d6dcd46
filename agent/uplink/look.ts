import type { MqttClient } from 'mqtt'
import type { AgentIdentity } from '../../lib/edge-status/index.ts'
import { heartbeatTopic, type Rival, speakerOf, standbyTopic } from './rival.ts'

export interface LookOptions {
  /** Connects under a name of its own, so that nobody is thrown out. */
  connect(): MqttClient
  edge: string
  me: AgentIdentity
  /** How long it is listened for another agent's heartbeats, in milliseconds. */
  listenMs: number
  /** The last heartbeat of this installation, or none at all, is enough to know that nobody else has the line. */
  trusting: boolean
  /** When this agent looks again where it finds another one, in milliseconds. */
  againInMs: number
  signal: AbortSignal
}

/** How long a broker may take to send what it has kept, in milliseconds. */
const KEPT_MS = 400

/**
 * Looks whether another agent goes by this edge's name, without taking the line from it; tells it that this one is here.
 * Waits for as long as the broker is out of reach.
 *
 * @returns the other one; undefined when there is none, or when the signal has fired
 */
export async function lookForRival(options: LookOptions): Promise<Rival | undefined> {
  const { edge, me, listenMs, trusting, againInMs, signal } = options
  if (signal.aborted) return undefined
  const client = options.connect()
  const stop = new AbortController()
  const abort = () => stop.abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    const rival = await listen(client)
    if (rival && !signal.aborted) {
      const { instance, run } = me
      client.publish(standbyTopic(edge), JSON.stringify({ instance, run, againInMs }), { qos: 0 })
    }
    return rival
  } finally {
    signal.removeEventListener('abort', abort)
    await client.endAsync(signal.aborted)
  }

  function listen(client: MqttClient): Promise<Rival | undefined> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined
      /** The last heartbeat that was not this process's. */
      let before: string | undefined
      const end = (rival: Rival | undefined) => {
        clearTimeout(timer)
        resolve(rival)
      }
      stop.signal.addEventListener('abort', () => end(undefined), { once: true })
      client.on('connect', () => {
        before = undefined
        clearTimeout(timer)
        client.subscribe(heartbeatTopic(edge), { qos: 0 }, (error) => {
          clearTimeout(timer)
          if (!error) timer = setTimeout(end, trusting ? KEPT_MS : listenMs, undefined)
        })
      })
      client.on('close', () => clearTimeout(timer))
      client.on('message', (_topic, payload) => {
        const rival = speakerOf(payload)
        if (rival.run === me.run) return
        if (trusting && rival.instance === me.instance) return end(undefined)
        const text = payload.toString()
        // One may be what the broker has kept of an agent that has gone; two that differ come from one that is there.
        if (before !== undefined && before !== text) return end(rival)
        if (before === undefined) {
          clearTimeout(timer)
          timer = setTimeout(end, listenMs, undefined)
        }
        before = text
      })
    })
  }
}
