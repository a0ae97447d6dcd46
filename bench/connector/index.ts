/**
 * What comes through the agent as a connector, against a serial connector that keeps nothing on disk, on the same broker: the
 * real mosquitto. Messages wait at the broker first, and are then taken as fast as each can.
 *
 *     npm run bench connector -- [--rounds 3]
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import mqtt from 'mqtt'
import { createTeardown } from '../../lib/teardown/index.ts'
import { isMosquittoInstalled, startMosquitto } from '../../test/support/index.ts'
import { median } from '../median.ts'
import { memory } from '../process-memory.ts'
import { type Row, row } from '../report.ts'
import {
  type AgentOptions,
  bundleConnectors,
  startAgent,
  startFunction,
  startProxy,
  startSerial,
  type Tally,
} from './processes.ts'

const MAX_INFLIGHT = 32
const PHOTO_BYTES = 2_000_000
/** Of one run, so that it takes some seconds. */
const MESSAGES = { slow: { serial: 150, agent: 3000 }, fast: { serial: 10_000, agent: 10_000 }, photos: 500 }
/** How long one run may take, in milliseconds. */
const MOST_MS = 120_000
/** Photos that wait while memory is looked at. */
const FEW = 200
const MANY = 2000

export default async function connector(args: string[]): Promise<Row[]> {
  const { values } = parseArgs({ args, options: { rounds: { type: 'string', default: '3' } } })
  if (!isMosquittoInstalled()) throw new Error('mosquitto is not installed: apt install mosquitto')
  const rounds = Number(values.rounds)
  const workplace = await mkdtemp(path.join(tmpdir(), 'edgeloop-bench-'))
  try {
    const bundled = path.join(workplace, 'bundle')
    await bundleConnectors(bundled)
    const rows: Row[] = []
    for (const [what, delay, goal, counts] of [
      ['a function of 20 ms, 1 KB', 20, 10, MESSAGES.slow],
      ['a function that does nothing, 1 KB', 0, 0.4, MESSAGES.fast],
    ] as const) {
      const rates = { serial: [] as number[], agent: [] as number[] }
      for (let round = 0; round < rounds; round++) {
        const messages = (count: number) => ({ count, body: () => randomBytes(1000), topic: 'bench/one' })
        const serial = await withBroker(workplace, (scene) =>
          serialRate({ ...scene, bundled }, delay, messages(counts.serial))
        )
        const agent = await withBroker(workplace, (scene) =>
          agentRate({ ...scene, bundled }, delay, messages(counts.agent))
        )
        process.stderr.write(`${what}: ${agent.toFixed(0)} against ${serial.toFixed(0)} messages/s\n`)
        rates.serial.push(serial)
        rates.agent.push(agent)
      }
      const ratio = median(rates.agent.map((rate, i) => rate / rates.serial[i]!))
      const peer = {
        name: 'a serial connector without disk, and a bare proxy as gateway',
        value: median(rates.agent) / ratio,
      }
      rows.push(row(what, median(rates.agent), 'messages/s', ['≥', goal], peer))
    }
    rows.push(await photoRow(workplace, bundled, rounds))
    rows.push(...(await memoryRows(workplace, bundled)))
    return rows
  } finally {
    await rm(workplace, { recursive: true, force: true })
  }
}

interface Scene {
  bundled: string
  broker: string
  directory: string
  teardown: ReturnType<typeof createTeardown>
}

interface Messages {
  count: number
  topic: string
  body(): Buffer
}

/** Each in a broker and a folder of its own: nobody pays for what another one has left. */
async function withBroker<T>(
  workplace: string,
  work: (scene: Omit<Scene, 'bundled'>) => Promise<T>
): Promise<T> {
  const teardown = createTeardown()
  const directory = await mkdtemp(path.join(workplace, 'run-'))
  try {
    const mosquitto = await startMosquitto(directory)
    teardown.add(() => mosquitto.stop('SIGKILL'))
    return await work({ broker: mosquitto.url, directory, teardown })
  } finally {
    await teardown.run()
    await rm(directory, { recursive: true, force: true })
  }
}

async function publish(broker: string, { count, topic, body }: Messages): Promise<void> {
  const client = await mqtt.connectAsync(broker)
  const sending = new Set<Promise<unknown>>()
  for (let i = 0; i < count; i++) {
    const sent: Promise<unknown> = client
      .publishAsync(topic, body(), { qos: 1 })
      .finally(() => sending.delete(sent))
    sending.add(sent)
    if (sending.size >= 20) await Promise.race(sending)
  }
  await Promise.all(sending)
  await client.endAsync()
}

/** Messages a second, from the first one to the last one of all. */
async function rateOf(tally: () => Promise<Tally>, count: number): Promise<number> {
  const began = performance.now()
  for (;;) {
    await sleep(300)
    const now = await tally()
    if (now.count >= count) return ((now.count - 1) / (now.last - now.first)) * 1000
    if (performance.now() - began > MOST_MS)
      throw new Error(`only ${now.count} of ${count} messages came through`)
  }
}

async function serialRate(
  { bundled, broker, teardown }: Scene,
  delay: number,
  messages: Messages
): Promise<number> {
  const fn = await startFunction(bundled, delay, teardown)
  const functionUrl = await startProxy(bundled, fn.url, teardown)
  const options = { broker, topic: messages.topic, functionUrl }
  await (await startSerial(bundled, options, teardown)).stop()
  await publish(broker, messages)
  await startSerial(bundled, options, teardown)
  return rateOf(fn.tally, messages.count)
}

async function agentRate(scene: Scene, delay: number, messages: Messages): Promise<number> {
  const { bundled, broker, directory, teardown } = scene
  const fn = await startFunction(bundled, delay, teardown)
  const known = { name: 'bench', port: fn.port, topic: 'bench/#', maxInflight: MAX_INFLIGHT }
  await untilSubscribed(scene, known)
  await publish(broker, messages)
  await fn.forget()
  await startAgent({ bundled, directory, broker, fn: known }, teardown)
  return rateOf(fn.tally, messages.count)
}

/** Has the agent open its session at the broker, and stops it. */
async function untilSubscribed(
  { bundled, broker, directory, teardown }: Scene,
  fn: AgentOptions['fn']
): Promise<void> {
  const agent = await startAgent({ bundled, directory, broker, fn }, teardown)
  await sleep(1500)
  await agent.stop()
}

async function photoRow(workplace: string, bundled: string, rounds: number): Promise<Row> {
  const messages = { count: MESSAGES.photos, topic: 'photos/pi', body: photo }
  const rates = { agent: [] as number[], broker: [] as number[], disk: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    rates.broker.push(await withBroker(workplace, (scene) => brokerRate({ ...scene, bundled }, messages)))
    rates.disk.push(await diskRate(workplace))
    rates.agent.push(
      await withBroker(workplace, async (scene) => {
        const fn = await startFunction(bundled, 0, scene.teardown)
        const known = {
          name: 'classify',
          port: fn.port,
          topic: 'events/photo.captured',
          maxInflight: MAX_INFLIGHT,
        }
        await untilSubscribed({ ...scene, bundled }, known)
        await publish(scene.broker, messages)
        await fn.forget()
        await startAgent({ ...scene, bundled, fn: known }, scene.teardown)
        return rateOf(fn.tally, messages.count)
      })
    )
    const [agent, broker, disk] = [rates.agent, rates.broker, rates.disk].map((all) => all.at(-1)!.toFixed(0))
    process.stderr.write(
      `photos of 2 MB: ${agent}; from the broker alone ${broker}, to the disk alone ${disk}\n`
    )
  }
  const ratio = median(rates.agent.map((rate, i) => rate / Math.min(rates.broker[i]!, rates.disk[i]!)))
  const slower = median(rates.broker) < median(rates.disk) ? 'the broker alone' : 'the disk alone, with fsync'
  const peer = { name: slower, value: median(rates.agent) / ratio }
  return row(
    'photos of 2 MB, on disk and at a function that does nothing',
    median(rates.agent),
    'photos/s',
    ['≥', 0.7],
    peer
  )
}

/** No two of them are the same. */
const photo = () => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), randomBytes(PHOTO_BYTES - 3)])

async function brokerRate({ bundled, broker, teardown }: Scene, messages: Messages): Promise<number> {
  await (await startSerial(bundled, { broker, topic: messages.topic }, teardown)).stop()
  await publish(broker, messages)
  const receiver = await startSerial(bundled, { broker, topic: messages.topic }, teardown)
  return rateOf(receiver.tally, messages.count)
}

/** Files of 2 MB that are written and synced, as many at a time as the broker gives out. */
async function diskRate(workplace: string): Promise<number> {
  const directory = await mkdtemp(path.join(workplace, 'disk-'))
  const bytes = photo()
  let next = 0
  const began = performance.now()
  const writer = async () => {
    while (next < MESSAGES.photos) {
      const handle = await open(path.join(directory, String(next++)), 'wx')
      await handle.writeFile(bytes)
      await handle.sync()
      await handle.close()
    }
  }
  await Promise.all(Array.from({ length: 20 }, writer))
  const rate = MESSAGES.photos / ((performance.now() - began) / 1000)
  await rm(directory, { recursive: true })
  return rate
}

/** What the agent has in memory when nothing happens, and while photos pile up for a function that is switched off. */
async function memoryRows(workplace: string, bundled: string): Promise<Row[]> {
  return withBroker(workplace, async ({ broker, directory, teardown }) => {
    const fn = { name: 'classify', port: 9, topic: 'events/photo.captured', maxInflight: 1, disabled: true }
    const agent = await startAgent({ bundled, directory, broker, fn }, teardown)
    await sleep(10_000)
    const rest = await memory(agent.pid)
    const pileUp = async (count: number) => {
      const before = await waitingAt(agent.gateway)
      await publish(broker, { count, topic: 'photos/pi', body: photo })
      while ((await waitingAt(agent.gateway)) < before + count) await sleep(200)
      await sleep(10_000)
      const now = await memory(agent.pid)
      process.stderr.write(`${before + count} photos wait: ${(now / 1e6).toFixed(0)} MB\n`)
      return now
    }
    const few = await pileUp(FEW)
    const many = await pileUp(MANY - FEW)
    return [
      row('memory of the agent at rest', rest / 1e6, 'MB', ['≤', 95]),
      row(`memory while ${MANY} photos of 2 MB wait`, many / 1e6, 'MB', ['≤', 1.1], {
        name: `while ${FEW} wait`,
        value: few / 1e6,
      }),
    ]
  })
}

async function waitingAt(gateway: string): Promise<number> {
  const { totals } = (await (await fetch(`${gateway}/status`)).json()) as { totals: { captured: number } }
  return totals.captured
}
