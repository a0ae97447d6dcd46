import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Database, openDatabase } from '../../lib/database/index.ts'
import { createEvent, type EdgeloopEvent, eventResponse, readEvent } from '../../lib/events/index.ts'
import { createSpool, type Spool } from '../../lib/spool/index.ts'
import { traitsOf } from '../../lib/stack/index.ts'
import {
  type Connector,
  type ConnectorOptions,
  createConnector,
  invokeWith,
  type Subscriber,
  subscriberOf,
} from './connector.ts'
import { type Delivery, deliverySchema } from './delivery.ts'
import type { MqttMessage } from './mqtt-message.ts'

vi.setConfig({ testTimeout: 90_000 })

type Fn = (request: Request) => Response | Promise<Response>

/** Machines are busy at times. */
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 5 })

let directory: string
let database: Database
let spool: Spool<Delivery>
let connector: Connector
/** The functions of this node, by name. */
let functions: Record<string, Fn>

const subscriber = (name: string, topic: string, more: Record<string, string> = {}): Subscriber => ({
  name,
  traits: traitsOf({ annotations: { topic, ...more } }),
})

async function open(more: Partial<ConnectorOptions> = {}): Promise<void> {
  database = await openDatabase(directory)
  spool = createSpool(database, 'events', deliverySchema)
  connector = createConnector({
    spool,
    invoke: async (name, request) => functions[name]!(request),
    backoff: { initialMs: 5, maxMs: 20 },
    ...more,
  })
}

async function shut(): Promise<void> {
  await connector.close()
  await database.close()
}

async function reopen(more: Partial<ConnectorOptions> = {}): Promise<void> {
  await shut()
  await open(more)
}

const hash = (n: number) => n.toString(16).padStart(64, '0')
const origin = (n: number) => ({ edge: 'edge-1', device: 'pi', sequence: n })
const photo = (n: number) => ({ hash: hash(n), size: 1, mediaType: 'image/jpeg' })
const captured = (n: number) =>
  createEvent('photo.captured', 'edges/edge-1/agent', [hash(n)], { ...origin(n), photo: photo(n) })
const uploaded = (n: number) =>
  createEvent('sample.uploaded', 'edges/edge-1/upload-sample', [hash(n)], {
    ...origin(n),
    photo: photo(n),
    band: 'accept',
    dataset: 'photos',
    bytes: 1,
    withPhoto: false,
  })
const empty = (queue: string) =>
  eventually(() => expect(spool.depth(queue)).toMatchObject({ queued: 0, inFlight: 0 }))
const ok = () => new Response('fine')

/** A function that writes down which photos it was asked about. */
function recorder(): { fn: Fn; photos: number[] } {
  const photos: number[] = []
  return {
    photos,
    fn: async (request) => {
      const { data } = await readEvent(request, ['photo.captured', 'sample.uploaded'])
      photos.push(data.sequence)
      return ok()
    },
  }
}

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-connector-'))
  functions = {}
  await open()
})
afterEach(async () => {
  await shut()
  await rm(directory, { recursive: true, force: true })
})

describe('topics', () => {
  it('choose the functions: wildcards, several topics, none', async () => {
    const seen: string[] = []
    const fn =
      (name: string): Fn =>
      (request) => {
        seen.push(`${name} ${request.headers.get('x-topic')}`)
        return ok()
      }
    functions = { exact: fn('exact'), one: fn('one'), all: fn('all'), two: fn('two'), none: fn('none') }
    await connector.subscribe([
      subscriber('exact', 'events/photo.captured'),
      subscriber('one', 'events/+'),
      subscriber('all', '#'),
      subscriber('two', 'events/sample.uploaded, events/photo.captured'),
      subscriber('none', ''),
    ])
    await connector.publish(captured(1))
    await eventually(() =>
      expect(seen.sort()).toEqual(
        ['exact', 'one', 'all', 'two'].map((name) => `${name} events/photo.captured`).sort()
      )
    )
  })

  it('of one function that match twice invoke it once', async () => {
    const { fn, photos } = recorder()
    functions = { both: fn }
    await connector.subscribe([subscriber('both', 'events/+, events/photo.captured')])
    await connector.publish(captured(1))
    await empty('both')
    expect(photos).toEqual([1])
  })
})

describe('an invocation', () => {
  it('is a CloudEvent that says where it comes from, with what the function asked for', async () => {
    let seen: Request | undefined
    await reopen({ enrich: (event, context) => ({ ...event, source: [...context].join() }) })
    functions = {
      fn: (request) => {
        seen = request
        return ok()
      },
    }
    await connector.subscribe([
      subscriber('fn', 'events/photo.captured', { 'edgeloop.dev/context': 'neighbours' }),
    ])
    const event = captured(7)
    await connector.publish(event)
    await empty('fn')
    expect(seen!.method).toBe('POST')
    expect(Object.fromEntries(seen!.headers)).toMatchObject({
      'ce-id': event.id,
      'ce-type': 'photo.captured',
      'ce-source': 'neighbours',
      'x-topic': 'events/photo.captured',
      'x-connector': 'edgeloop',
      'x-call-id': expect.stringMatching(/^fn-\d+$/),
    })
  })

  it('happens no more often at a time than the function allows, each function by itself', async () => {
    const running = { one: 0, three: 0 }
    const most = { one: 0, three: 0 }
    const slow =
      (name: 'one' | 'three'): Fn =>
      async () => {
        most[name] = Math.max(most[name], ++running[name])
        await sleep(10)
        running[name]--
        return ok()
      }
    functions = { one: slow('one'), three: slow('three') }
    await connector.subscribe([
      subscriber('one', 'events/photo.captured'),
      subscriber('three', 'events/photo.captured', { 'edgeloop.dev/max-inflight': '3' }),
    ])
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((n) => connector.publish(captured(n))))
    await Promise.all([empty('one'), empty('three')])
    expect(most).toEqual({ one: 1, three: 3 })
  })

  it('of a repeated event does not happen again', async () => {
    const { fn, photos } = recorder()
    functions = { fn }
    await connector.subscribe([subscriber('fn', 'events/#')])
    await connector.publish(captured(1))
    await empty('fn')
    await connector.publish(captured(1))
    await reopen()
    await connector.subscribe([subscriber('fn', 'events/#')])
    await connector.publish(captured(1))
    await connector.publish(captured(2))
    await empty('fn')
    expect(photos).toEqual([1, 2])
  })
})

describe('a failure', () => {
  const failures: [string, Fn][] = [
    ['500', () => new Response('boom', { status: 500 })],
    ['503', () => new Response('not yet', { status: 503 })],
    ['404 from the gateway', () => new Response('no such function', { status: 404 })],
    ['401', () => new Response('who?', { status: 401 })],
    ['an exception', () => Promise.reject(new Error('connection refused'))],
    ['an answer that is no event', () => new Response('{}', { headers: { 'ce-type': 'photo.classified' } })],
  ]
  it.each(failures)('that is %s is tried again', async (_name, fail) => {
    let attempts = 0
    functions = {
      fn: (request) => {
        attempts++
        return attempts < 3 ? fail(request) : ok()
      },
    }
    await connector.subscribe([subscriber('fn', 'events/#')])
    await connector.publish(captured(1))
    await empty('fn')
    expect(attempts).toBe(3)
    expect(spool.depth('fn').dead).toBe(0)
  })

  it('says why in the spool', async () => {
    functions = { fn: () => new Response('the model is not there', { status: 503 }) }
    await connector.subscribe([subscriber('fn', 'events/#')])
    await connector.publish(captured(1))
    await eventually(() => expect(spool.list('fn')[0]?.lastError).toBe('503: the model is not there'))
  })

  it.each([
    ['seconds', () => '1'],
    ['a date', () => new Date(Date.now() + 1500).toUTCString()],
  ])('that asks to wait is waited for (%s)', async (_name, value) => {
    const times: number[] = []
    functions = {
      fn: () => {
        times.push(performance.now())
        return times.length > 1
          ? ok()
          : new Response('', { status: 429, headers: { 'Retry-After': value() } })
      },
    }
    await connector.subscribe([subscriber('fn', 'events/#')])
    await connector.publish(captured(1))
    await empty('fn')
    // A date has no fractions of a second.
    expect(times[1]! - times[0]!).toBeGreaterThan(400)
  })

  it('of a function that never answers does not hold up its queue', async () => {
    await reopen({ timeoutMs: 50 })
    const aborted: number[] = []
    let calls = 0
    functions = {
      fn: (request) => {
        calls++
        if (calls > 1) return ok()
        request.signal.addEventListener('abort', () => aborted.push(calls))
        return new Promise(() => {})
      },
    }
    await connector.subscribe([subscriber('fn', 'events/#')])
    await connector.publish(captured(1))
    await empty('fn')
    expect([calls, aborted]).toEqual([2, [1]])
  })
})

describe('a dead letter', () => {
  it.each([400, 413, 415, 422])('comes of %i, on the first attempt', async (status) => {
    let attempts = 0
    functions = {
      fn: () => {
        attempts++
        return new Response('never', { status })
      },
    }
    await connector.subscribe([subscriber('fn', 'events/#')])
    await connector.publish(captured(1))
    await eventually(() => expect(spool.depth('fn')).toMatchObject({ queued: 0, dead: 1 }))
    expect(attempts).toBe(1)
    expect(spool.deadLetters.list()[0]).toMatchObject({
      queue: 'fn',
      lastError: `${status}: never`,
      payload: { type: 'photo.captured' },
    })
  })

  it('and what follows from it are one step', async () => {
    let refuse = true
    const table = new Map<string, string>()
    await reopen({
      onDeadLetter(event, name, why) {
        database.assertInTransaction()
        if (refuse) throw new Error('the disk is full')
        table.set(event.id, `${name}: ${why}`)
      },
    })
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
    functions = { fn: () => new Response('never', { status: 422 }) }
    await connector.subscribe([subscriber('fn', 'events/#')])
    await connector.publish(captured(1))
    await eventually(() => expect(complaints).toHaveBeenCalled())
    expect(spool.depth('fn')).toMatchObject({ queued: 1, dead: 0 })
    refuse = false
    await eventually(() => expect(spool.depth('fn')).toMatchObject({ queued: 0, dead: 1 }))
    expect([...table]).toEqual([[captured(1).id, 'fn: 422: never']])
    complaints.mockRestore()
  })

  it('of one function leaves the others alone', async () => {
    const { fn, photos } = recorder()
    functions = { bad: () => new Response('never', { status: 400 }), good: fn }
    await connector.subscribe([subscriber('bad', 'events/#'), subscriber('good', 'events/#')])
    await connector.publish(captured(1))
    await empty('good')
    await empty('bad')
    expect(photos).toEqual([1])
  })
})

describe('what follows', () => {
  const loop = [subscriber('first', 'events/photo.captured'), subscriber('second', 'events/sample.uploaded')]
  const first: Fn = async (request) => {
    const { data } = await readEvent(request, ['photo.captured'])
    return eventResponse(uploaded(data.sequence))
  }

  it('goes on to the next function, once, and is seen inside of the transaction', async () => {
    const events: string[] = []
    await reopen({
      onEvent(event) {
        database.assertInTransaction()
        events.push(event.type)
      },
    })
    const { fn, photos } = recorder()
    functions = { first, second: fn }
    await connector.subscribe(loop)
    await connector.publish(captured(1))
    await eventually(() => expect(photos).toEqual([1]))
    expect(events).toEqual(['photo.captured', 'sample.uploaded'])
  })

  it('comes exactly once through restarts at any moment', async () => {
    const asked = new Map<number, number>()
    const outcomes = new Map<number, number>()
    const count = (map: Map<number, number>, n: number) => map.set(n, (map.get(n) ?? 0) + 1)
    functions = {
      first: async (request) => {
        const { data } = await readEvent(request.clone() as Request, ['photo.captured'])
        count(asked, data.sequence)
        await sleep(data.sequence % 7)
        return first(request)
      },
      second: ok,
    }
    const options: Partial<ConnectorOptions> = {
      onEvent(event) {
        if (event.type !== 'sample.uploaded') return
        const { sequence } = event.data
        database.afterCommit(() => count(outcomes, sequence))
      },
    }
    await reopen(options)
    await connector.subscribe(loop)
    // The ones whose database goes away under them complain, rightly.
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
    const all = Array.from({ length: 60 }, (_, i) => i + 1)
    for (const part of [all.slice(0, 20), all.slice(20, 40), all.slice(40)]) {
      await Promise.all(part.map((n) => connector.publish(captured(n))))
      await sleep(8)
      // As a killed process does: nothing is finished, the database just is as it was on disk.
      const [old, oldDatabase] = [connector, database]
      await oldDatabase.close()
      await open(options)
      await connector.subscribe(loop)
      old.close().catch(() => {})
    }
    await empty('first')
    await empty('second')
    expect([...outcomes.keys()].sort((a, b) => a - b)).toEqual(all)
    expect([...outcomes.values()].every((times) => times === 1)).toBe(true)
    expect([...asked.keys()]).toHaveLength(60)
    complaints.mockRestore()
  })
})

describe('a change of the list', () => {
  it('loses nothing that was published at the moment of the change', async () => {
    const a = recorder()
    const b = recorder()
    functions = { a: a.fn, b: b.fn }
    const lists = [
      [subscriber('a', 'events/#'), subscriber('b', 'events/photo.captured')],
      [subscriber('a', 'events/#', { 'edgeloop.dev/max-inflight': '4' })],
      [subscriber('b', 'events/photo.captured, events/sample.uploaded')],
      [],
    ]
    await connector.subscribe(lists[0]!)
    const numbers = Array.from({ length: 80 }, (_, i) => i + 1)
    const publishing = (async () => {
      for (const n of numbers) await connector.publish(captured(n))
    })()
    // Several at a time, as when one poll of the list is slower than the next.
    for (let i = 1; i < 12; i++) {
      connector.subscribe(lists[i % lists.length]!).catch(() => {})
      await sleep(3)
    }
    await publishing
    await connector.subscribe(lists[0]!)
    await empty('a')
    await empty('b')
    expect(a.photos.toSorted((x, y) => x - y)).toEqual(numbers)
    expect(b.photos.toSorted((x, y) => x - y)).toEqual(numbers)
  })

  it('lets a function that comes back pick its queue up, also after a restart without it', async () => {
    const { fn, photos } = recorder()
    functions = { fn: () => new Response('', { status: 503 }) }
    await connector.subscribe([subscriber('fn', 'events/photo.captured')])
    await connector.publish(captured(1))
    await connector.subscribe([])
    await connector.publish(captured(2))
    await reopen()
    await connector.subscribe([])
    await connector.publish(captured(3))
    expect(spool.depth('fn').queued).toBe(3)
    functions = { fn }
    await sleep(30)
    expect(photos).toEqual([])
    await connector.subscribe([subscriber('fn', 'events/photo.captured')])
    await empty('fn')
    expect(photos.toSorted()).toEqual([1, 2, 3])
  })

  it('never has two workers at one queue', async () => {
    let running = 0
    let most = 0
    functions = {
      fn: async () => {
        most = Math.max(most, ++running)
        await sleep(15)
        running--
        return ok()
      },
    }
    await connector.subscribe([subscriber('fn', 'events/#')])
    await Promise.all([1, 2, 3, 4, 5, 6].map((n) => connector.publish(captured(n))))
    for (const context of ['a', 'b', 'c']) {
      connector.subscribe([subscriber('fn', 'events/#', { 'edgeloop.dev/context': context })]).catch(() => {})
      await sleep(2)
    }
    await empty('fn')
    expect(most).toBe(1)
  })
})

describe('a function that is switched off', () => {
  const off = (name: string, topic: string): Subscriber => ({ ...subscriber(name, topic), disabled: true })

  it('is not asked; its events wait, parked, and go on when it is on again', async () => {
    const { fn, photos } = recorder()
    functions = { fn }
    await connector.subscribe([subscriber('fn', 'events/#')])
    await connector.publish(captured(1))
    await empty('fn')
    await connector.subscribe([off('fn', 'events/#')])
    await Promise.all([2, 3].map((n) => connector.publish(captured(n))))
    await sleep(50)
    expect(photos).toEqual([1])
    expect(spool.depth('fn')).toMatchObject({ queued: 2, inFlight: 0, parked: true })
    expect(spool.list('fn')).toMatchObject([{ attempts: 0 }, { attempts: 0 }])
    await connector.subscribe([subscriber('fn', 'events/#')])
    await empty('fn')
    expect(photos.toSorted()).toEqual([1, 2, 3])
    expect(spool.depth('fn').parked).toBe(false)
  })

  it('from the beginning gets what its new topics say', async () => {
    const { fn, photos } = recorder()
    functions = { fn }
    await connector.subscribe([off('fn', 'events/photo.captured')])
    await connector.publish(captured(1))
    await connector.subscribe([off('fn', 'events/sample.uploaded')])
    await connector.publish(captured(2))
    await connector.publish(uploaded(3))
    await connector.subscribe([subscriber('fn', 'events/sample.uploaded')])
    await empty('fn')
    expect(photos.toSorted()).toEqual([1, 3])
  })

  it('in the middle of an event gives it back without an attempt', async () => {
    let calls = 0
    functions = {
      fn: (request) => {
        calls++
        return new Promise((_, reject) => {
          request.signal.addEventListener('abort', () => reject(request.signal.reason))
        })
      },
    }
    await connector.subscribe([subscriber('fn', 'events/#')])
    await connector.publish(captured(1))
    await eventually(() => expect(calls).toBe(1))
    await connector.subscribe([off('fn', 'events/#')])
    expect(spool.list('fn')).toMatchObject([{ attempts: 0, state: 'parked' }])
    functions = { fn: ok }
    await connector.subscribe([subscriber('fn', 'events/#')])
    await empty('fn')
  })

  it('waits over a restart, also when it has gone from the list meanwhile', async () => {
    const { fn, photos } = recorder()
    functions = { fn }
    await connector.subscribe([off('fn', 'events/#')])
    await connector.publish(captured(1))
    await reopen()
    await connector.publish(captured(2))
    await connector.subscribe([])
    await connector.publish(captured(3))
    await sleep(30)
    expect([photos, spool.depth('fn')]).toMatchObject([[], { queued: 3, parked: true }])
    await reopen()
    await connector.subscribe([subscriber('fn', 'events/#')])
    await empty('fn')
    expect(photos.toSorted()).toEqual([1, 2, 3])
  })

  it('holds nobody else up', async () => {
    const { fn, photos } = recorder()
    functions = { one: () => new Response('', { status: 500 }), two: fn }
    await connector.subscribe([off('one', 'events/#'), subscriber('two', 'events/#')])
    await connector.publish(captured(1))
    await empty('two')
    expect([photos, spool.depth('one').queued]).toEqual([[1], 1])
  })
})

describe('a function that was removed', () => {
  it('gets no more events; what waited goes on waiting, also over a restart, for its return', async () => {
    const { fn, photos } = recorder()
    functions = { fn, other: ok }
    await reopen({ goneMs: 0 })
    await connector.subscribe([
      { ...subscriber('fn', 'events/#'), disabled: true },
      subscriber('other', 'events/#'),
    ])
    await connector.publish(captured(1))
    await connector.subscribe([subscriber('other', 'events/#')])
    await connector.publish(captured(2))
    await reopen()
    await connector.publish(captured(3))
    await connector.subscribe([subscriber('other', 'events/#')])
    await empty('other')
    expect([photos, spool.depth('fn')]).toMatchObject([[], { queued: 1, parked: true }])
    await connector.subscribe([subscriber('fn', 'events/#')])
    await connector.publish(captured(4))
    await empty('fn')
    expect(photos.toSorted()).toEqual([1, 4])
  })

  it('only when it stays away: one that is replaced meanwhile misses nothing', async () => {
    const { fn, photos } = recorder()
    functions = { fn }
    await connector.subscribe([subscriber('fn', 'events/#')])
    await connector.subscribe([])
    await connector.subscribe([])
    await connector.publish(captured(1))
    await connector.subscribe([subscriber('fn', 'events/#')])
    await empty('fn')
    expect(photos).toEqual([1])
  })
})

describe('what a gateway lists', () => {
  const listed = { image: 'i', replicas: 1, availableReplicas: 1, invocationCount: 0, createdAt: '' }

  it('is subscribed by name, and by namespace where it is not the usual one', async () => {
    const asked: string[] = []
    const invoke = invokeWith({
      invoke: async (name, _request, namespace) => {
        asked.push(`${name} in ${namespace}`)
        return ok()
      },
    })
    const subscribers = [
      { ...listed, name: 'one', annotations: { topic: 'events/#' } },
      { ...listed, name: 'two', namespace: 'openfaas-fn', disabled: true },
      { ...listed, name: 'one', namespace: 'team-a' },
    ].map(subscriberOf)
    expect(subscribers.map(({ name, disabled }) => [name, disabled])).toEqual([
      ['one', undefined],
      ['two', true],
      ['one.team-a', undefined],
    ])
    for (const { name } of subscribers) await invoke(name, new Request('http://x/'))
    expect(asked).toEqual(['one in undefined', 'two in undefined', 'one in team-a'])
  })
})

describe('close', () => {
  it('waits for what runs, and leaves the rest queued', async () => {
    let done = 0
    functions = {
      fn: async () => {
        await sleep(50)
        done++
        return ok()
      },
    }
    await connector.subscribe([subscriber('fn', 'events/#')])
    await Promise.all([1, 2, 3].map((n) => connector.publish(captured(n))))
    await sleep(10)
    await connector.close()
    expect(done).toBe(1)
    expect(spool.depth('fn').queued).toBe(2)
  })

  it('does not wait for a function that hangs, and counts no attempt', async () => {
    functions = { fn: () => new Promise(() => {}) }
    await connector.subscribe([subscriber('fn', 'events/#')])
    await connector.publish(captured(1))
    await sleep(20)
    const started = performance.now()
    await connector.close()
    expect(performance.now() - started).toBeLessThan(4_000)
    expect(spool.list('fn')).toMatchObject([{ attempts: 0 }])
  })

  it('keeps events that are published after it', async () => {
    await connector.subscribe([subscriber('fn', 'events/#')])
    await connector.close()
    await connector.publish(captured(1))
    expect(spool.depth('fn').queued).toBe(1)
  })
})

it('refuses an event that is none', async () => {
  await connector.subscribe([subscriber('fn', 'events/#')])
  const event = { ...captured(1), data: {} } as unknown as EdgeloopEvent
  await expect(connector.publish(event)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  expect(spool.queues()).toEqual([])
})

describe('messages that are no events', () => {
  const message = (topic: string, text: string, more: Partial<MqttMessage> = {}) =>
    connector.deliver({ topic, body: Buffer.from(text), userProperties: [], ...more }, 'refuse')
  interface Seen {
    headers: Record<string, string>
    text: string
  }
  let seen: Seen[]

  beforeEach(async () => {
    await open()
    seen = []
    functions = {
      thermometer: async (request) => {
        seen.push({ headers: Object.fromEntries(request.headers), text: await request.text() })
        return new Response('ok')
      },
    }
  })
  afterEach(shut)

  it('reach the functions whose topics match, as they came, and nobody else', async () => {
    await connector.subscribe([
      subscriber('thermometer', 'sensors/+/temperature, alarms/#'),
      subscriber('classify', 'events/photo.captured'),
    ])
    expect(connector.topics()).toEqual(['alarms/#', 'events/photo.captured', 'sensors/+/temperature'])
    expect(await message('sensors/hall/temperature', '21.5', { contentType: 'text/plain' })).toBe(1)
    expect(await message('sensors/hall/humidity', '40')).toBe(0)
    await eventually(() => expect(seen).toHaveLength(1))
    expect(seen[0]).toMatchObject({
      text: '21.5',
      headers: {
        'content-type': 'text/plain',
        'x-topic': 'sensors/hall/temperature',
        'x-connector': 'edgeloop',
        'x-call-id': expect.stringMatching(/^thermometer-\d+$/),
        traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
      },
    })
  })

  it('bring along what MQTT 5 says about them', async () => {
    await connector.subscribe([subscriber('thermometer', 'sensors/#')])
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await message('sensors/1', '1', {
      correlationData: Buffer.from('c'),
      userProperties: [
        ['site', 'north'],
        ['traceparent', trace],
        ['no header', 'x'],
        ['line', 'a\nb'],
      ],
    })
    const attributes = { specversion: '1.0', id: '7', source: 'pi', type: 'reading', unit: 'C' }
    await message('sensors/2', '{"t":1}', {
      contentType: 'application/json',
      userProperties: Object.entries(attributes),
    })
    await eventually(() => expect(seen).toHaveLength(2))
    const [plain, event] = seen.map(({ headers }) => headers)
    expect(plain).toMatchObject({ 'x-mqtt-site': 'north', 'x-correlation-data': 'Yw==', traceparent: trace })
    expect(Object.keys(plain!).filter((name) => /line|no header/.test(name))).toEqual([])
    expect(event).toMatchObject({ 'ce-id': '7', 'ce-type': 'reading', 'ce-source': 'pi', 'ce-unit': 'C' })
  })

  it('come from topics that no header can carry, too', async () => {
    await connector.subscribe([subscriber('thermometer', 'sensors/#')])
    const topics = ['sensors/Köln 🌡', 'sensors/a\nb', `sensors/${'x'.repeat(20_000)}`]
    for (const topic of topics) await message(topic, '1', { userProperties: [['big', 'y'.repeat(50_000)]] })
    await eventually(() => expect(seen).toHaveLength(3))
    const heard = seen.map(({ headers }) => headers['x-topic']!)
    expect(heard[0]).toBe('sensors/K%C3%B6ln %F0%9F%8C%A1')
    expect(heard[1]).toBe('sensors/a%0Ab')
    expect(heard[2]!.length).toBe(2000)
    expect(connector.circuits().thermometer).toMatchObject({ state: 'closed', failures: 0 })
  })

  it('wait on disk while their function is away, and come in order where that is asked for', async () => {
    let broken = true
    functions.thermometer = async (request) => {
      const text = await request.text()
      await sleep(Math.random() * 5)
      if (broken || Math.random() < 0.2) return new Response('not now', { status: 503 })
      seen.push({ headers: Object.fromEntries(request.headers), text })
      return new Response('ok')
    }
    const ordered = { 'edgeloop.dev/order': 'device', 'edgeloop.dev/max-inflight': '8' }
    await connector.subscribe([subscriber('thermometer', 'sensors/#', ordered)])
    for (let i = 0; i < 20; i++)
      for (const device of ['a', 'b', 'c']) await message(`sensors/${device}`, `${device}${i}`)
    await eventually(() => expect(connector.circuits().thermometer!.failures).toBeGreaterThan(4))
    broken = false
    await reopen()
    await connector.subscribe([subscriber('thermometer', 'sensors/#', ordered)])
    await eventually(() => expect(seen).toHaveLength(60))
    for (const device of ['a', 'b', 'c']) {
      const texts = seen.map(({ text }) => text).filter((text) => text.startsWith(device))
      expect(texts).toEqual(Array.from({ length: 20 }, (_, i) => `${device}${i}`))
    }
  })
})

it('lets an event wait for its turn, which is no attempt, and stops in the middle of it', async () => {
  const began: string[] = []
  let go: () => void = () => {}
  const admit: ConnectorOptions['admit'] = (name, _delivery, signal) => {
    began.push(name)
    return new Promise((resolve, reject) => {
      go = resolve
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  }
  await open({ admit })
  const seen: string[] = []
  functions = {
    up: (request) => {
      seen.push(request.headers.get('ce-id')!)
      return new Response('ok')
    },
  }
  await connector.subscribe([subscriber('up', 'events/photo.captured')])
  await connector.publish(captured(7))
  await eventually(() => expect(began).toEqual(['up']))
  await reopen({ admit })
  expect(spool.list('up')).toMatchObject([{ attempts: 0, crashes: 0 }])
  await connector.subscribe([subscriber('up', 'events/photo.captured')])
  await eventually(() => expect(began).toEqual(['up', 'up']))
  expect(seen).toEqual([])
  go()
  await eventually(() => expect(seen).toEqual([captured(7).id]))
  await shut()
})

it('gives all events of a photo the same trace', async () => {
  await open()
  const traces: string[] = []
  const note: Fn = (request) => {
    traces.push(request.headers.get('traceparent')!.slice(3, 35))
    return new Response('ok')
  }
  functions = { one: note, other: note }
  await connector.subscribe([subscriber('one', 'events/photo.captured'), subscriber('other', 'events/#')])
  await connector.publish(captured(5))
  await connector.publish(uploaded(5))
  await eventually(() => expect(traces).toHaveLength(3))
  expect(new Set(traces).size).toBe(1)
  await shut()
})
