import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt, { type MqttClient } from 'mqtt'
import mqttPacket from 'mqtt-packet'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { BrokerOptions } from './broker.ts'
import { createBroker, type EmbeddedBroker, type Publication } from './index.ts'

vi.setConfig({ testTimeout: 60_000 })

/** Machines are busy at times. */
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 5 })

let broker: EmbeddedBroker
let accept: (publication: Publication) => Promise<void>
const clients: MqttClient[] = []

async function client(name: string, more: mqtt.IClientOptions = {}): Promise<MqttClient> {
  const options = { clientId: name, reconnectPeriod: 20, ...more }
  const connected = await mqtt.connectAsync(broker.url, options)
  connected.on('error', () => {})
  clients.push(connected)
  return connected
}

/** What arrives at a client that subscribes to a filter. */
async function listen(to: MqttClient, filter: string): Promise<{ topic: string; text: string }[]> {
  const heard: { topic: string; text: string }[] = []
  to.on('message', (topic, payload) => heard.push({ topic, text: payload.toString() }))
  await to.subscribeAsync(filter, { qos: 1 })
  return heard
}

const start = (port = 0, more: Partial<BrokerOptions> = {}) =>
  createBroker({
    ...{ host: '127.0.0.1', port, limits: { longTopics: 'photos/' }, ...more },
    accept: (publication) => accept(publication),
  })

beforeEach(async () => {
  accept = async () => {}
  broker = await start()
  await broker.listen()
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((open) => open.endAsync(true)))
  await broker.close()
})

describe('an acknowledgement', () => {
  it.each([1, 2] as const)('comes only after accept has resolved (QoS %i)', async (qos) => {
    let onDisk = () => {}
    const accepted: string[] = []
    accept = async ({ topic, payload }) => {
      accepted.push(`${topic} ${Buffer.from(payload)}`)
      await new Promise<void>((resolve) => {
        onDisk = resolve
      })
    }
    const device = await client('pi')
    let acknowledged = false
    const publishing = device.publishAsync('photos/pi', 'bytes', { qos }).then(() => {
      acknowledged = true
    })
    await eventually(() => expect(accepted).toEqual(['photos/pi bytes']))
    await sleep(50)
    expect(acknowledged).toBe(false)
    onDisk()
    await publishing
  })

  it('does not come when accept rejects: the connection closes, and the client comes again until it is taken', async () => {
    let attempts = 0
    accept = async () => {
      attempts++
      if (attempts < 3) throw new EdgeloopError('UNAVAILABLE', 'the disk is full')
    }
    const device = await client('pi')
    const closed = vi.fn()
    device.on('close', closed)
    await device.publishAsync('photos/pi', 'bytes', { qos: 1 })
    expect(attempts).toBe(3)
    expect(closed).toHaveBeenCalledTimes(2)
  })

  it('of one publication does not wait for another one', async () => {
    let finish = () => {}
    const slow = new Promise<void>((resolve) => {
      finish = resolve
    })
    accept = ({ topic }) => (topic === 'photos/slow' ? slow : Promise.resolve())
    const device = await client('pi')
    device.publishAsync('photos/slow', 'bytes', { qos: 1 }).catch(() => {})
    const other = await client('pi-2')
    await other.publishAsync('photos/fast', 'bytes', { qos: 1 })
    finish()
  })

  it('of a rejected publication leaves other clients alone', async () => {
    accept = async ({ topic }) => {
      if (topic === 'photos/bad') throw new Error('no')
    }
    const [bad, good] = [await client('bad', { reconnectPeriod: 0 }), await client('good')]
    const heard = await listen(good, 'photos/#')
    bad.publishAsync('photos/bad', 'bytes', { qos: 1 }).catch(() => {})
    await eventually(() => expect(bad.connected).toBe(false))
    await good.publishAsync('photos/good', 'bytes', { qos: 1 })
    await eventually(() => expect(heard).toEqual([{ topic: 'photos/good', text: 'bytes' }]))
  })
})

describe('delivery', () => {
  it('reaches the other clients, and what the broker itself says does not pass through accept', async () => {
    const seen: string[] = []
    accept = async ({ topic }) => void seen.push(topic)
    const [one, two] = [await client('one'), await client('two')]
    const [atOne, atTwo] = [await listen(one, 'answers/one'), await listen(two, 'answers/+')]
    await broker.publish('answers/one', 'cat')
    await one.publishAsync('answers/two', 'dog', { qos: 1 })
    await eventually(() => expect(atTwo).toHaveLength(2))
    expect(atOne).toEqual([{ topic: 'answers/one', text: 'cat' }])
    expect(seen).toEqual(['answers/two'])
  })

  it('of a retained message reaches whoever comes later, the last one only', async () => {
    await broker.publish('models/photos/stable', '{"version":1}', { retain: true })
    await broker.publish('models/photos/stable', '{"version":2}', { retain: true })
    await broker.publish('models/photos/other', 'not retained')
    const heard = await listen(await client('late'), 'models/#')
    await eventually(() => expect(heard).toEqual([{ topic: 'models/photos/stable', text: '{"version":2}' }]))
    await sleep(50)
    expect(heard).toHaveLength(1)
  })

  it('keeps answers for a device that is away for a while', async () => {
    const device = await client('pi', { clean: false })
    await listen(device, 'answers/pi')
    await device.endAsync(true)
    await broker.publish('answers/pi', 'cat')
    const back = mqtt.connect(broker.url, { clientId: 'pi', clean: false })
    clients.push(back)
    const heard: string[] = []
    back.on('message', (_, payload) => heard.push(payload.toString()))
    await eventually(() => expect(heard).toEqual(['cat']))
  })

  it('takes large payloads whole', async () => {
    const photo = randomBytes(12_000_000)
    let taken: Uint8Array | undefined
    accept = async ({ payload }) => {
      taken = payload
    }
    const device = await client('pi')
    await device.publishAsync('photos/pi', photo, { qos: 1 })
    expect(photo.equals(taken!)).toBe(true)
  })

  it('keeps the topics of the broker itself to itself', async () => {
    const seen: string[] = []
    accept = async ({ topic }) => void seen.push(topic)
    const intruder = await client('intruder', { reconnectPeriod: 0 })
    intruder.publishAsync('$SYS/x/new/clients', 'pi', { qos: 1 }).catch(() => {})
    await eventually(() => expect(intruder.connected).toBe(false))
    expect(seen).toEqual([])
  })
})

describe('who listens', () => {
  it('is known by topic, for as long as the subscription or the kept session lasts', async () => {
    expect(broker.listens('answers/pi')).toBe(false)
    const device = await client('pi')
    await device.subscribeAsync('answers/pi')
    const [filter, stays] = [await client('all'), await client('stays', { clean: false })]
    await filter.subscribeAsync('answers/#')
    await stays.subscribeAsync('answers/stays', { qos: 1 })
    expect(['answers/pi', 'answers/#', 'answers/stays', 'answers/other'].map(broker.listens)).toEqual([
      true,
      true,
      true,
      false,
    ])
    await device.unsubscribeAsync('answers/pi')
    await filter.endAsync(true)
    await stays.endAsync(true)
    await eventually(() => expect(broker.listens('answers/#')).toBe(false))
    expect(['answers/pi', 'answers/stays'].map(broker.listens)).toEqual([false, true])
  })
})

describe('who has subscribed with QoS 0', () => {
  it('listens only while connected, and is announced again on coming back', async () => {
    await broker.close()
    const announced: string[] = []
    broker = await start(0, { onSubscribe: (topic) => announced.push(topic) })
    await broker.listen()
    const device = await client('pi', { clean: false })
    await device.subscribeAsync('answers/pi', { qos: 0 })
    expect(broker.listens('answers/pi')).toBe(true)
    await device.endAsync(true)
    await eventually(() => expect(broker.listens('answers/pi')).toBe(false))
    const back = await client('pi', { clean: false, resubscribe: false })
    await eventually(() => expect(announced).toEqual(['answers/pi', 'answers/pi']))
    expect(broker.listens('answers/pi')).toBe(true)
    await back.endAsync(true)
    await client('pi', { clean: true })
    expect(broker.listens('answers/pi')).toBe(false)
  })
})

describe('its port', () => {
  it('is free until it listens', async () => {
    const second = await start()
    await second.publish('answers/pi', 'to nobody')
    await second.close()
  })

  it('that is taken is an error that says what to do', async () => {
    const second = await start(broker.port)
    await expect(second.listen()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the MQTT broker cannot listen: the port is in use',
      where: `127.0.0.1:${broker.port}`,
      hint: 'stop what uses the port, or choose another one',
    })
    await second.close()
  })
})

describe('close', () => {
  it('waits for what is being accepted, and not for connections that never said who they are', async () => {
    let finish = () => {}
    let begun = false
    accept = async () => {
      begun = true
      await new Promise<void>((resolve) => {
        finish = resolve
      })
    }
    const silent = connectSocket(broker.port, '127.0.0.1').on('error', () => {})
    const device = await client('pi', { reconnectPeriod: 0 })
    device.publishAsync('photos/pi', 'bytes', { qos: 1 }).catch(() => {})
    await eventually(() => expect(begun).toBe(true))
    let closed = false
    const closing = broker.close().then(() => {
      closed = true
    })
    await eventually(() => expect(silent.destroyed).toBe(true))
    expect(closed).toBe(false)
    finish()
    await closing
    broker = await start()
  })
})

describe('reserved topics', () => {
  it('are published to by the broker alone: a client that tries has its connection closed', async () => {
    const other = await start(0, { reserved: ['receipts/'] })
    await other.listen()
    try {
      const listening = await mqtt.connectAsync(other.url, { clientId: 'pi', reconnectPeriod: 0 })
      const heard = await listen(listening, 'receipts/pi')
      const forger = await mqtt.connectAsync(other.url, { clientId: 'forger', reconnectPeriod: 0 })
      forger.on('error', () => {})
      clients.push(listening, forger)
      const closed = new Promise<void>((resolve) => forger.once('close', () => resolve()))
      forger.publish('receipts/pi', 'forged', { qos: 1 })
      await closed
      await other.publish('receipts/pi', 'on disk')
      await eventually(() => expect(heard.map(({ text }) => text)).toEqual(['on disk']))
    } finally {
      await other.close()
    }
  })
})

describe('what clients send', () => {
  const limits = {
    longTopics: 'photos/',
    maxBytes: 10_000,
    maxOtherBytes: 1000,
    maxUnfinishedBytes: 20_000,
    maxPacketMs: 200,
  }
  let accepted: [string, number][]
  const restart = async (more: Partial<typeof limits> = {}) => {
    await broker.close()
    accepted = []
    accept = async ({ topic, payload }) => void accepted.push([topic, payload.length])
    broker = await start(0, { limits: { ...limits, ...more }, retains: (topic) => topic === 'kept' })
    await broker.listen()
  }

  it.each([
    ['a photo', 'photos/greedy', 20_000],
    ['anything else', 'junk/1', 2000],
  ])('closes its connection where it is too long, and is counted: %s', async (_what, topic, bytes) => {
    await restart()
    const honest = await client('honest')
    const greedy = await client('greedy', { reconnectPeriod: 0 })
    const closed = new Promise<void>((resolve) => greedy.once('close', () => resolve()))
    greedy.publish(topic, randomBytes(bytes), { qos: 1 })
    await closed
    await honest.publishAsync('photos/honest', randomBytes(9_000), { qos: 1 })
    await honest.publishAsync('junk/1', randomBytes(900), { qos: 1 })
    expect(broker.oversized).toBe(1)
    expect(accepted).toEqual([
      ['photos/honest', 9_000],
      ['junk/1', 900],
    ])
  })

  /** A connection that sends all but the end of a photo. */
  async function dawdler() {
    const socket = connectSocket(broker.port, '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    const packet = mqttPacket.generate({
      ...{ cmd: 'publish', topic: 'photos/slow', qos: 1, messageId: 1, retain: false, dup: false },
      payload: randomBytes(6000),
    })
    await new Promise((resolve) => socket.write(packet.subarray(0, -1), resolve))
    return socket
  }

  it('takes no more memory than all unfinished packets may: the slowest goes', async () => {
    await restart({ maxPacketMs: 60_000 })
    const sockets: Socket[] = []
    for (let i = 0; i < 6; i++) {
      sockets.push(await dawdler())
      await eventually(() => expect(broker.oversized).toBe(Math.max(0, i - 2)))
    }
    await eventually(() =>
      expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, true, true, false, false, false])
    )
    const honest = await client('honest')
    await honest.publishAsync('photos/honest', randomBytes(9_000), { qos: 1 })
    expect(accepted).toEqual([['photos/honest', 9_000]])
    for (const socket of sockets) socket.destroy()
  })

  it('has so long to arrive, and no longer', async () => {
    await restart()
    const patient = await client('patient')
    const socket = await dawdler()
    await eventually(() => expect(socket.destroyed).toBe(true))
    expect(broker.oversized).toBe(1)
    expect(patient.connected).toBe(true)
  })

  it('is kept for who comes later under the expected topics only', async () => {
    await restart()
    const publisher = await client('publisher')
    for (const topic of ['junk/1', 'photos/pi', 'kept'])
      await publisher.publishAsync(topic, 'x', { qos: 1, retain: true })
    const late = await client('late')
    const heard = await listen(late, '#')
    await publisher.publishAsync('end', 'y', { qos: 1 })
    await eventually(() => expect(heard.at(-1)).toEqual({ topic: 'end', text: 'y' }))
    expect(heard.map(({ topic }) => topic)).toEqual(['kept', 'end'])
  })
})

describe('a password', () => {
  let complaints: ReturnType<typeof vi.spyOn>
  beforeEach(async () => {
    complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
    await broker.close()
    broker = await start(0, { password: 'the-edges-token' })
    await broker.listen()
  })
  afterEach(() => complaints.mockRestore())

  it('lets in whoever sends it', async () => {
    const edge = await client('edge', { username: 'edge-1', password: 'the-edges-token' })
    await edge.publishAsync('photos/edge', 'x', { qos: 1 })
  })

  it.each([
    ['missing', {}],
    ['missing', { username: 'edge-1' }],
    ['wrong', { username: 'edge-1', password: 'another-token' }],
    ['wrong', { username: 'edge-1', password: '' }],
  ])('that is %s keeps the others out, without a word of it in the log', async (what, more) => {
    const accepted: Publication[] = []
    accept = async (publication) => void accepted.push(publication)
    const will = { topic: 'photos/will', payload: Buffer.from('x'), qos: 1 as const, retain: false }
    await expect(client('stranger', { ...more, will, reconnectPeriod: 0 })).rejects.toMatchObject({ code: 5 })
    const heard = await listen(await client('edge', { username: 'edge-1', password: 'the-edges-token' }), '#')
    expect([accepted, heard]).toEqual([[], []])
    expect(complaints.mock.calls).toEqual([
      [`MQTT broker: refused "stranger" of 127.0.0.1: its password is ${what}`],
    ])
  })

  it('that is wrong again and again is not said each time', async () => {
    for (const name of ['one', 'two', 'three'])
      await expect(client(name, { reconnectPeriod: 0 })).rejects.toMatchObject({ code: 5 })
    expect(complaints.mock.calls).toEqual([
      ['MQTT broker: refused "one" of 127.0.0.1: its password is missing'],
    ])
  })
})
