import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt, { type MqttClient } from 'mqtt'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { FunctionStatus, Provider } from '../gateway/index.ts'
import {
  createEvent,
  type EdgeloopEvent,
  encodeStructured,
  eventResponse,
  readEvent,
} from '../lib/events/index.ts'
import { type CloudAgent, createCloudAgent } from './cloud-agent.ts'

vi.setConfig({ testTimeout: 60_000 })

let directory: string
/** The cloud's functions: their topics, and what they answer. */
let functions: Record<string, { topic: string; answer: (request: Request) => Promise<Response> | Response }>
const agents: CloudAgent[] = []
const clients: MqttClient[] = []
let complaints: ReturnType<typeof vi.spyOn>

/** As much of a provider as the connector uses. */
const provider = {
  listAt: async () => statuses(),
  invoke: async (name, request) => functions[name]!.answer(request),
} satisfies Partial<Provider> as unknown as Provider
const statuses = (): FunctionStatus[] =>
  Object.entries(functions).map(([name, { topic }]) => ({
    name,
    image: 'test',
    annotations: { topic },
    replicas: 1,
    availableReplicas: 1,
    invocationCount: 0,
    createdAt: new Date().toISOString(),
  }))

async function start(): Promise<CloudAgent> {
  const listen = { host: '127.0.0.1', mqtt: 0 }
  const agent = await createCloudAgent({ directory, provider, listen, pollMs: 20 })
  agents.push(agent)
  return agent
}

async function connect(agent: CloudAgent, filter?: string) {
  const client = await mqtt.connectAsync(agent.broker)
  clients.push(client)
  const heard: { topic: string; text: string }[] = []
  client.on('message', (topic, payload) => heard.push({ topic, text: payload.toString() }))
  if (filter) await client.subscribeAsync(filter, { qos: 1 })
  return {
    heard,
    topics: () => heard.map(({ topic }) => topic),
    say: (event: EdgeloopEvent) =>
      client.publishAsync(`events/${event.type}`, encodeStructured(event), { qos: 1 }),
    client,
  }
}

const about = { dataset: 'photos', model: 'photos', run: '000001', snapshot: 'abc', version: 2 }
const trained = createEvent('model.trained', 'cloud/trainer', ['photos', '000001'], about)
const promoted = createEvent('model.promoted', 'cloud/promote-model', ['photos', 2], {
  ...about,
  channel: 'stable',
  serving: 1,
  judgement: { verdict: 'promote', why: 'a test', figures: {} },
})
const promote = async (request: Request) => {
  await readEvent(request, ['model.trained'])
  return eventResponse(promoted)
}
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 30_000, interval: 10 })

beforeEach(async () => {
  complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
  directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-cloud-agent-'))
  functions = { 'promote-model': { topic: 'events/model.trained', answer: promote } }
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)))
  for (const agent of agents.splice(0)) await agent.close()
  await rm(directory, { recursive: true, force: true })
  complaints.mockRestore()
})

describe('an event of the cloud', () => {
  it('invokes the function, and what follows is announced once, and kept for edges that come later', async () => {
    const agent = await start()
    const watcher = await connect(agent, '#')
    const trainer = await connect(agent)
    await trainer.say(trained)
    await eventually(() => expect(watcher.topics()).toContain('models/photos/stable'))
    await sleep(50)
    expect(watcher.topics().sort()).toEqual([
      'events/model.promoted',
      'events/model.trained',
      'models/photos/stable',
    ])
    const late = await connect(agent, 'models/+/+')
    await eventually(() =>
      expect(late.heard).toEqual([{ topic: 'models/photos/stable', text: '{"version":2}' }])
    )
    expect(complaints).not.toHaveBeenCalled()
  })

  it('that was left over is carried on after a restart, and announced', async () => {
    functions['promote-model']!.answer = () => new Response('not yet', { status: 503 })
    const first = await start()
    await (await connect(first)).say(trained)
    await first.close()
    functions['promote-model']!.answer = promote
    const second = await start()
    const late = await connect(second, 'models/+/+')
    await eventually(() => expect(late.heard).toHaveLength(1))
    expect(complaints).not.toHaveBeenCalled()
  })

  it('waits for a function that is deployed later, once it was known', async () => {
    const agent = await start()
    const { say } = await connect(agent)
    const { answer } = functions['promote-model']!
    functions = {}
    await sleep(60)
    await say(trained)
    const watcher = await connect(agent, 'events/model.promoted')
    functions = { 'promote-model': { topic: 'events/model.trained', answer } }
    await eventually(() => expect(watcher.heard).toHaveLength(1))
  })

  it('that is none is acknowledged and named, and does no harm', async () => {
    const agent = await start()
    const { client, say } = await connect(agent)
    await client.publishAsync('events/model.trained', 'not JSON', { qos: 1 })
    await client.publishAsync('events/model.trained', '{"type":"model.trained"}', { qos: 1 })
    const watcher = await connect(agent, 'events/model.promoted')
    await say(trained)
    await eventually(() => expect(watcher.heard).toHaveLength(1))
    expect(complaints.mock.calls).toEqual([
      ['events/model.trained: the event is not JSON'],
      ['events/model.trained: a CloudEvent needs id, source and type'],
    ])
  })
})

it('closes quietly and soon in the middle of work', async () => {
  functions.slow = { topic: 'events/+', answer: () => new Promise(() => {}) }
  const agent = await start()
  const { say } = await connect(agent)
  await Promise.all([say(trained), say(promoted)])
  const started = performance.now()
  await agent.close()
  expect(performance.now() - started).toBeLessThan(5000)
  expect(complaints).not.toHaveBeenCalled()
})
