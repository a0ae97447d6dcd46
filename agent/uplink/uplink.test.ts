import { randomUUID } from 'node:crypto'
import mqtt, { type MqttClient } from 'mqtt'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AgentIdentity, Heartbeat } from '../../lib/edge-status/index.ts'
import { createLink, type Link } from '../../platform/link/index.ts'
import { createBroker, type EmbeddedBroker } from '../broker/index.ts'
import { createUplink, type Uplink } from './index.ts'

vi.setConfig({ testTimeout: 60_000 })

const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 30_000, interval: 10 })
const identity = (instance: string = randomUUID()): AgentIdentity => ({ instance, run: randomUUID() })

let broker: EmbeddedBroker
let watcher: MqttClient
/** Whose heartbeats came, in order, by their runs. */
let spoke: string[]
let last: Heartbeat | undefined
let complaints: ReturnType<typeof vi.spyOn>
const uplinks: Uplink[] = []
const links: Link[] = []

function heartbeatOf(me: AgentIdentity, beats: number, uplink?: Uplink): Heartbeat {
  return {
    edge: 'edge-1',
    at: new Date().toISOString(),
    agent: { ...me, version: '1', uptimeSeconds: beats },
    gateway: 'http://127.0.0.1:8080',
    broker: 'mqtt://127.0.0.1:1883',
    link: { connected: true, since: new Date().toISOString() },
    totals: {
      captured: 0,
      accepted: 0,
      review: 0,
      rejected: 0,
      deadLettered: 0,
      uploaded: 0,
      bytesCaptured: 0,
      bytesUploaded: 0,
    },
    spool: {},
    parked: [],
    deadLetters: 0,
    functions: [],
    desired: { revision: null, problem: null },
    held: null,
    alarms: uplink?.alarms() ?? [],
    oversizedPackets: 0,
    memory: { rss: 0 },
    model: { name: 'photos', wanted: null, serving: null, why: null },
  }
}

interface Edge {
  me: AgentIdentity
  uplink: Uplink
  standsBy(): boolean
}

function start(me = identity(), port = broker.port): Edge {
  let standsBy = false
  let beats = 0
  const uplink: Uplink = createUplink({
    edge: 'edge-1',
    me,
    broker: `mqtt://127.0.0.1:${port}`,
    heartbeat: async () => heartbeatOf(me, beats++, uplink),
    heartbeatMs: 50,
    backoff: { initialMs: 300, maxMs: 1000, jitter: 0 },
    onModelHint() {},
    onDesiredHint() {},
    onStandby: (now) => {
      standsBy = now
    },
  })
  uplinks.push(uplink)
  return { me, uplink, standsBy: () => standsBy }
}

const leads = ({ uplink }: Edge) => eventually(() => expect(uplink.state().connected).toBe(true))
const speaks = async ({ me }: Edge) => {
  const from = spoke.length
  await eventually(() => expect(spoke.slice(from)).toContain(me.run))
}

async function listen(): Promise<void> {
  watcher = await mqtt.connectAsync(broker.url, { reconnectPeriod: 50 })
  watcher.on('message', (_topic, payload) => {
    last = JSON.parse(payload.toString())
    spoke.push(last!.agent!.run)
  })
  await watcher.subscribeAsync('edges/edge-1/heartbeat')
}

beforeEach(async () => {
  complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
  spoke = []
  last = undefined
  broker = await createBroker({
    host: '127.0.0.1',
    port: 0,
    retains: (topic) => topic.endsWith('/heartbeat'),
    accept: async () => {},
  })
  await broker.listen()
  await listen()
})
afterEach(async () => {
  await Promise.all(uplinks.splice(0).map((uplink) => uplink.close()))
  await Promise.all(links.splice(0).map((link) => link.close()))
  await watcher.endAsync(true)
  await broker.close()
  complaints.mockRestore()
})

describe('a second agent of the same name', () => {
  it('leaves the line to the first one, both say so, and it takes it when that one has gone', async () => {
    const first = start()
    await speaks(first)
    const second = start()
    await eventually(() => expect(second.standsBy()).toBe(true))
    expect(second.uplink.state().connected).toBe(false)
    expect(second.uplink.alarms()).toMatchObject([
      { code: 'SAME_NAME', message: expect.stringContaining(first.me.instance.slice(0, 8)) },
    ])
    await eventually(() =>
      expect(last?.alarms).toMatchObject([
        { code: 'SAME_NAME', message: expect.stringContaining(second.me.instance.slice(0, 8)) },
      ])
    )
    expect(spoke).not.toContain(second.me.run)
    expect(first.uplink.state().connected).toBe(true)
    // Each has said it, once, however often the second one has looked.
    await eventually(() => expect(complaints).toHaveBeenCalledTimes(2))

    await first.uplink.close()
    await leads(second)
    await speaks(second)
    expect(second.uplink.alarms()).toEqual([])
    expect(second.standsBy()).toBe(false)
    expect(complaints).toHaveBeenCalledTimes(2)
  })

  it('is noticed, too, when its disk is a copy of the first one’s', async () => {
    const first = start()
    await speaks(first)
    const second = start(identity(first.me.instance))
    await eventually(() => expect([first.standsBy(), second.standsBy()].filter(Boolean)).toHaveLength(1))
    const [standing, leading] = first.standsBy() ? [first, second] : [second, first]
    await speaks(leading)
    await eventually(() => expect(leading.uplink.alarms()).toHaveLength(1))
    const from = spoke.length
    // Long enough for several looks.
    await eventually(() => expect(spoke.length).toBeGreaterThan(from + 60))
    expect(new Set(spoke.slice(from))).toEqual(new Set([leading.me.run]))
    await leading.uplink.close()
    await speaks(standing)
  })

  it('that comes up while the first one is cut off is the one that stays', async () => {
    const link = await createLink(broker.port)
    links.push(link)
    const first = start(identity(), link.port)
    await speaks(first)
    link.cut()
    const second = start()
    await speaks(second)
    link.heal()
    await eventually(() => expect(first.standsBy()).toBe(true))
    await speaks(second)
    await second.uplink.close()
    await speaks(first)
    expect(first.uplink.alarms()).toEqual([])
  })

  it('comes to rest when both start at the same moment', async () => {
    const [one, two] = [start(), start()]
    await eventually(() => {
      expect([one.standsBy(), two.standsBy()].filter(Boolean)).toHaveLength(1)
      expect([one, two].filter(({ uplink }) => uplink.state().connected)).toHaveLength(1)
    })
  })
})

describe('is no alarm:', () => {
  it('a restart of the same agent, also of one that was killed', async () => {
    const first = start()
    await speaks(first)
    await first.uplink.close()
    const again = start(identity(first.me.instance))
    await speaks(again)
    expect(complaints).not.toHaveBeenCalled()
  })

  it('an agent in place of another one that has gone', async () => {
    const first = start()
    await speaks(first)
    await first.uplink.close()
    const second = start()
    await speaks(second)
    expect(second.uplink.alarms()).toEqual([])
    expect(complaints).not.toHaveBeenCalled()
  })

  it('a line that is cut and healed again and again', async () => {
    const link = await createLink(broker.port)
    links.push(link)
    const edge = start(identity(), link.port)
    for (let i = 0; i < 5; i++) {
      await speaks(edge)
      link.cut()
      await eventually(() => expect(edge.uplink.state().connected).toBe(false))
      link.heal()
    }
    await speaks(edge)
    expect(edge.uplink.alarms()).toEqual([])
    expect(complaints).not.toHaveBeenCalled()
  })

  it('a broker that has lost everything', async () => {
    const edge = start()
    await speaks(edge)
    const { port } = broker
    await broker.close()
    broker = await createBroker({ host: '127.0.0.1', port, accept: async () => {} })
    await broker.listen()
    await speaks(edge)
    expect(complaints).not.toHaveBeenCalled()
  })
})

it('closes soon while it looks, stands by, or has no broker', async () => {
  const first = start()
  await speaks(first)
  const second = start()
  await eventually(() => expect(second.standsBy()).toBe(true))
  const third = start(identity(), 1)
  const fourth = start()
  const began = performance.now()
  await Promise.all([second, third, fourth].map(({ uplink }) => uplink.close()))
  expect(performance.now() - began).toBeLessThan(1500)
})
