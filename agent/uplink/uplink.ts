import type { MqttClient } from 'mqtt'
import type { AgentIdentity, AlarmReport, Heartbeat, LinkState } from '../../lib/edge-status/index.ts'
import { type EdgeloopEvent, encodeStructured } from '../../lib/events/index.ts'
import { type Backoff, backoffDelay } from '../../lib/spool/index.ts'
import { createAlarm } from '../../lib/waiting/index.ts'
import { type CloudAddress, cloudClients, RECONNECT_MS } from './cloud-client.ts'
import { lookForRival } from './look.ts'
import { heartbeatTopic, speakerOf, standbyTopic } from './rival.ts'
import { createRivals } from './rivals.ts'

export interface UplinkOptions extends CloudAddress {
  me: AgentIdentity
  heartbeat(): Promise<Heartbeat>
  heartbeatMs?: number
  /** Something says that a model's channel has moved. */
  onModelHint(): void
  /** Something says that another configuration is desired. */
  onDesiredHint(): void
  /** Another agent has this edge's name and the line, so that this one stands by; or it has gone. */
  onStandby?(standsBy: boolean): void
  /** How long it stands by between two looks whether the other one has gone. */
  backoff?: Backoff
}

/**
 * The edge's connection to the cloud's broker: heartbeats and hints; nothing that must not be lost. It is one agent's: where
 * another one of the same name has it, this one stands by, and takes it when the other one has gone.
 */
export interface Uplink {
  /** Whether the cloud is in reach, and since when it is so. */
  state(): LinkState
  /** What people have to know of other agents by this edge's name. */
  alarms(): AlarmReport[]
  /** Tells the cloud about an event, if it is in reach. */
  hint(event: EdgeloopEvent): void
  close(): Promise<void>
}

const BACKOFF = { initialMs: 5_000, maxMs: 120_000, jitter: 0.3 }
/** So many heartbeats of another agent are listened for, after it has had the time to connect again. */
const HEARTBEATS = 3
/** A connection that is closed so soon, so often in a row, may have been taken over; in milliseconds. */
const QUICK_MS = 3000
const QUICK_TIMES = 4
/** How long a broker may take to send the heartbeat that it has kept, in milliseconds. */
const KEPT_MS = 1000

export function createUplink(options: UplinkOptions): Uplink {
  const { edge, me, heartbeatMs = 1000, backoff = BACKOFF } = options
  const connect = cloudClients(options)
  const rivals = createRivals(edge)
  const closing = new AbortController()
  const pause = createAlarm()
  /** The one that may speak for this edge. */
  let line: MqttClient | undefined
  let state: LinkState = { connected: false, since: new Date().toISOString() }
  /** Whether a heartbeat was said since the last look: another one's that the broker keeps has come after it. */
  let spoken = false
  /** Nothing is said before it is known who has spoken last: it would hide the other one's heartbeat. */
  let maySpeak = false
  /** Lets go of the line. */
  let letGo = () => {}

  function turned(connected: boolean): void {
    if (connected !== state.connected) state = { connected, since: new Date().toISOString() }
  }

  function look(trusting: boolean, againInMs: number) {
    // Two that look at the same time must not both find nobody again and again.
    const listenMs = (2 * RECONNECT_MS + HEARTBEATS * heartbeatMs) * (1 + Math.random())
    const name = `edge-${edge}-${me.run.slice(0, 8)}`
    const signal = closing.signal
    return lookForRival({ connect: () => connect(name), edge, me, listenMs, trusting, againInMs, signal })
  }

  /** Holds the line; resolves when somebody else may have taken it. */
  async function lead(): Promise<void> {
    const client = connect(`edge-${edge}`)
    line = client
    spoken = false
    await new Promise<void>((resolve) => {
      letGo = resolve
      whenTakenOver(client, resolve)
      client.on('close', () => turned(false))
      client.on('connect', () => {
        turned(true)
        client.subscribe(['models/+/+', `edges/${edge}/desired`, standbyTopic(edge)], { qos: 1 })
        // Things may have changed while nobody could say so.
        options.onModelHint()
        options.onDesiredHint()
      })
      client.on('message', (topic, payload) => {
        if (topic.startsWith('models/')) options.onModelHint()
        else if (topic === standbyTopic(edge)) rivals.heard(payload)
        else if (topic === `edges/${edge}/desired`) options.onDesiredHint()
      })
    })
    line = undefined
    turned(false)
    await client.endAsync(true)
  }

  /**
   * A broker lets one connection of a name in and throws the older one out. Then it has kept a heartbeat that came after this
   * agent's last one and is not this agent's; or, where it keeps nothing, connections end as soon as they begin.
   */
  function whenTakenOver(client: MqttClient, takenOver: () => void): void {
    const topic = heartbeatTopic(edge)
    let began = 0
    let quick = 0
    let late: NodeJS.Timeout | undefined
    const speak = () => {
      clearTimeout(late)
      maySpeak = true
      beat()
    }
    client.on('connect', () => {
      began = performance.now()
      if (!spoken) return speak()
      client.subscribe(topic, { qos: 0 })
      late = setTimeout(speak, KEPT_MS)
    })
    client.on('message', (about, payload) => {
      if (about !== topic || maySpeak) return
      if (speakerOf(payload).run !== me.run) return takenOver()
      client.unsubscribe(topic)
      speak()
    })
    client.on('close', () => {
      clearTimeout(late)
      maySpeak = false
      if (began === 0) return
      quick = performance.now() - began < QUICK_MS ? quick + 1 : 0
      began = 0
      if (quick >= QUICK_TIMES) takenOver()
    })
  }

  async function follow(): Promise<void> {
    // Most often this agent was here before, and nobody else.
    let trusting = true
    for (let looks = 0; !closing.signal.aborted; trusting = false) {
      const againInMs = backoffDelay(backoff, looks)
      const rival = await look(trusting, againInMs)
      if (closing.signal.aborted) return
      if (rival) {
        looks++
        rivals.yieldTo(rival)
        options.onStandby?.(true)
        await pause.wait(againInMs)
      } else {
        looks = 0
        rivals.lead()
        options.onStandby?.(false)
        await lead()
      }
    }
  }

  function beat(): void {
    if (!line?.connected || !maySpeak) return
    options.heartbeat().then(
      (heartbeat) => {
        if (!line?.connected || !maySpeak) return
        line.publish(heartbeatTopic(edge), JSON.stringify(heartbeat), { retain: true })
        spoken = true
      },
      (error: unknown) => console.error('heartbeat:', error)
    )
  }
  const timer = setInterval(beat, heartbeatMs)
  const following = follow()

  return {
    state: () => state,
    alarms: rivals.alarms,
    hint(event) {
      if (!line?.connected) return
      line.publish(`events/${event.type}`, encodeStructured(event), { qos: 0 })
    },
    async close() {
      clearInterval(timer)
      closing.abort()
      letGo()
      pause.ring()
      await following
    },
  }
}
