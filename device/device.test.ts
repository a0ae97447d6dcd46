import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Answer, Receipt } from '../lib/messages/index.ts'
import { photoHash as hashOf } from '../lib/photo/index.ts'
import { createDevice, type Device } from './device.ts'
import { type FakeEdge, startFakeEdge } from './fake-edge.ts'
import type { DeviceOptions } from './options.ts'
import { createMemoryOutbox } from './outbox.ts'

const FAST = { backoff: { firstMs: 10, mostMs: 40 } }
const photosOf = (count: number, bytes = 2_000) => Array.from({ length: count }, () => randomBytes(bytes))

let edge: FakeEdge
const devices: Device[] = []
const open = (options: Partial<DeviceOptions> = {}): Device => {
  const device = createDevice({ name: 'pi', broker: edge.url, ...FAST, ...options })
  devices.push(device)
  return device
}

beforeEach(async () => {
  edge = await startFakeEdge()
})
afterEach(async () => {
  await Promise.all(devices.splice(0).map((device) => device.close()))
  await edge.kill().catch(() => {})
})

describe('send', () => {
  it('resolves once the photo is on the edge, bytes unchanged, in order', async () => {
    const photos = photosOf(30)
    const device = open()
    await Promise.all(photos.map((photo) => device.send(photo)))
    expect(edge.disk).toEqual(photos.map(hashOf))
    expect(edge.arrived).toBe(30)
    expect(device.waiting).toBe(0)
  })

  it('sends a photo once, however often it is given while it waits', async () => {
    const device = open()
    const [photo] = photosOf(1)
    await Promise.all([device.send(photo!), device.send(photo!), device.send(Buffer.from(photo!))])
    expect(edge.arrived).toBe(1)
  })

  it('does not resolve on the acknowledgement of the broker alone, and sends again after a while', async () => {
    edge.behave = (_, arrival) => (arrival < 3 ? 'silence' : 'receipt')
    const device = open({ receiptTimeoutMs: 50 })
    await device.send(photosOf(1)[0]!)
    expect(edge.arrived).toBe(3)
  })

  it('has a bounded number of photos under way', async () => {
    edge.behave = () => 'silence'
    const device = open({ inFlight: 3 })
    for (const photo of photosOf(10)) device.send(photo).catch(() => {})
    await vi.waitFor(() => expect(edge.arrived).toBe(3))
    await sleep(100)
    expect(edge.arrived).toBe(3)
    expect(device.waiting).toBe(10)
  })

  it('rejects what the edge refuses for good, and goes on with the next', async () => {
    const [bad, good] = photosOf(2)
    const receipts: Receipt[] = []
    edge.behave = (hash) =>
      hash === hashOf(bad!) ? { error: 'it is a PDF', code: 'UNSUPPORTED_MEDIA' } : 'receipt'
    const device = open({ onReceipt: (receipt) => receipts.push(receipt) })
    const refused = expect(device.send(bad!)).rejects.toMatchObject({
      code: 'UNSUPPORTED_MEDIA',
      message: 'the edge refuses the photo: it is a PDF',
    })
    await device.send(good!)
    await refused
    expect(receipts).toEqual([
      { photo: hashOf(bad!), error: 'it is a PDF', code: 'UNSUPPORTED_MEDIA' },
      { photo: hashOf(good!), sequence: 0 },
    ])
  })

  it('keeps what the edge refuses for now, and tries again', async () => {
    edge.behave = (_, arrival) =>
      arrival < 3 ? { error: 'the disk is full', code: 'OVERLOADED' } : 'receipt'
    await open().send(photosOf(1)[0]!)
    expect(edge.arrived).toBe(3)
  })

  it('refuses an empty photo, a full queue, and a closed device', async () => {
    await edge.kill()
    const device = open({ outbox: createMemoryOutbox(1000) })
    const waiting = expect(device.send(randomBytes(900))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(device.send(Buffer.alloc(0))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(device.send(randomBytes(101))).rejects.toMatchObject({ code: 'OVERLOADED' })
    await device.close()
    await waiting
    await expect(device.send(randomBytes(10))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describe('a connection that breaks', () => {
  it('delivers every photo, though the broker is killed and restarted on its port again and again', async () => {
    const photos = photosOf(60, 20_000)
    const device = open({ inFlight: 4 })
    const sent = Promise.all(photos.map((photo) => device.send(photo)))
    for (let round = 1; round <= 4; round++) {
      await vi.waitFor(() => expect(edge.disk.length).toBeGreaterThanOrEqual(round * 10), { interval: 1 })
      await edge.kill()
      await sleep(30)
      await edge.start()
    }
    await sent
    expect([...edge.disk].sort()).toEqual(photos.map(hashOf).sort())
    expect(device.waiting).toBe(0)
  })

  it('delivers in order when the edge dies after storing and before the receipt, one photo after the other', async () => {
    edge.behave = (_, arrival) => (arrival === 1 ? 'break' : 'receipt')
    const photos = photosOf(10)
    const device = open()
    await Promise.all(photos.map((photo) => device.send(photo)))
    expect(edge.disk).toEqual(photos.map(hashOf))
    expect(edge.arrived).toBe(20)
  })

  it('waits for a broker that is not there yet', async () => {
    await edge.kill()
    const device = open()
    const sent = device.send(photosOf(1)[0]!)
    await sleep(100)
    expect(device.connected).toBe(false)
    await edge.start()
    await sent
    expect(device.connected).toBe(true)
  })

  it('does not send while it may not read receipts, and says why', async () => {
    await edge.kill()
    edge = await startFakeEdge({ forbidden: ['receipts/pi'] })
    const warn = vi.fn()
    const device = open({ log: { info() {}, warn, error() {} } })
    device.send(photosOf(1)[0]!).catch(() => {})
    await vi.waitFor(() =>
      expect(warn).toHaveBeenCalledWith(
        expect.objectContaining({
          reason: expect.stringContaining('refuses the subscription to receipts/pi'),
        }),
        'not connected'
      )
    )
    expect(edge.arrived).toBe(0)
  })
})

describe('credentials', () => {
  it('connects with them, and never tells them', async () => {
    await edge.kill()
    edge = await startFakeEdge({ password: 'correct-horse' })
    const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() }
    const wrong = open({ log, credentials: { username: 'pi', password: 'wrong-horse' } })
    await vi.waitFor(() => expect(log.warn.mock.calls.length).toBeGreaterThan(2))
    expect(wrong.connected).toBe(false)
    await open({ name: 'other', log, credentials: { username: 'pi', password: 'correct-horse' } }).send(
      randomBytes(9)
    )
    await open({ name: 'third', log, broker: edge.url.replace('//', '//pi:correct-horse@') }).send(
      randomBytes(9)
    )
    expect(JSON.stringify([log.info.mock.calls, log.warn.mock.calls])).not.toMatch(/horse/)
  })
})

describe('messages from the edge', () => {
  it('hands answers to every listener until it leaves', async () => {
    const first: Answer[] = []
    const second: Answer[] = []
    const device = open({ onAnswer: (answer) => first.push(answer) })
    const leave = device.onAnswer((answer) => second.push(answer))
    const [one, two] = photosOf(2)
    await device.send(one!)
    await vi.waitFor(() => expect(second).toHaveLength(1))
    leave()
    await device.send(two!)
    await vi.waitFor(() => expect(first.map((answer) => answer.photo)).toEqual([hashOf(one!), hashOf(two!)]))
    expect(second).toHaveLength(1)
  })

  it('ignores and logs what is malformed, foreign or unexpected, and a listener that throws', async () => {
    const warn = vi.fn()
    const device = open({
      log: { info() {}, warn, error() {} },
      onAnswer() {
        throw new Error('a bug of the listener')
      },
    })
    await device.send(photosOf(1)[0]!)
    const hostile = [
      '',
      '{',
      'null',
      '[]',
      '{"photo":"../../etc/passwd","sequence":1}',
      Buffer.from([0xff, 0xfe]),
    ]
    for (const payload of hostile) {
      await edge.say('receipts/pi', payload)
      await edge.say('answers/pi', payload)
    }
    await edge.say('receipts/pi', JSON.stringify({ photo: 'ab'.repeat(32), sequence: 7 }))
    await device.send(photosOf(1)[0]!)
    await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(2 * hostile.length + 2))
    expect(device.connected).toBe(true)
  })
})

describe('a source', () => {
  async function* shots(photos: Uint8Array[], taken: { count: number }) {
    for (const bytes of photos) {
      taken.count += 1
      yield { bytes }
    }
  }

  it('is sent in order, no further ahead than needed, until it ends', async () => {
    const photos = photosOf(20)
    const taken = { count: 0 }
    let ahead = 0
    edge.behave = () => {
      ahead = Math.max(ahead, taken.count - edge.disk.length)
      return 'receipt'
    }
    await open({ source: shots(photos, taken) }).done
    expect(edge.disk).toEqual(photos.map(hashOf))
    expect(ahead).toBeLessThanOrEqual(3)
  })

  it('goes on after a photo that is refused for good', async () => {
    const photos = photosOf(3)
    edge.behave = (hash) => (hash === hashOf(photos[1]!) ? { error: 'no', code: 'TOO_LARGE' } : 'receipt')
    await open({ source: shots(photos, { count: 0 }) }).done
    expect(edge.disk).toEqual([photos[0]!, photos[2]!].map(hashOf))
  })

  it('tells of a source that fails', async () => {
    const source: AsyncIterable<{ bytes: Uint8Array }> = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('the camera is gone')) }),
    }
    await expect(open({ source }).done).rejects.toThrow('the camera is gone')
  })

  it('does not hold up closing, even when it waits for ever', async () => {
    async function* stuck() {
      yield { bytes: randomBytes(10) }
      await new Promise(() => {})
    }
    const device = open({ source: stuck() })
    await vi.waitFor(() => expect(edge.disk).toHaveLength(1))
    await device.close()
    await device.done
  })
})

describe('options', () => {
  it.each([
    [{ name: 'a/b' }, 'name'],
    [{ name: '+' }, 'name'],
    [{ broker: 'http://edge' }, 'broker'],
    [{ broker: 'edge:1883' }, 'broker'],
    [{ inFlight: 0 }, 'inFlight'],
  ])('refuses %j', (wrong, where) => {
    expect(() => createDevice({ name: 'pi', broker: 'mqtt://127.0.0.1', ...wrong })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', where, hint: expect.stringContaining('Expected') })
    )
  })
})
