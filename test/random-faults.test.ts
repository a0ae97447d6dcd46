/**
 * Photos stream in while edges, their links and the gateway fail at random, also several at a time. Afterwards every photo
 * is whole on its edge's disk, has exactly one outcome and an answer, and every sample exactly one object; each by the
 * hash of its bytes.
 *
 *     npm test -- random-faults --minutes 10 --seed 7
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDevice } from '../device/index.ts'
import { sampleStore } from '../lib/dataset/index.ts'
import { photoHash } from '../lib/photo/index.ts'
import { createRandom, type Random } from '../lib/random/index.ts'
import { createPlatform, type Platform } from '../platform/index.ts'
import { blockPhoto, outcomeOf, publishModel, settled, temporaryDirectory } from './support/index.ts'

const minutes = Number(process.env.EDGELOOP_FAULT_MINUTES ?? 0.3)
const seed = process.env.EDGELOOP_FAULT_SEED ?? String(Date.now() % 100_000)
/** So long nothing may change while photos or samples are still on their way. */
const STUCK_MS = 60_000

let platform: Platform
let remove: () => Promise<void>

beforeAll(async () => {
  const temporary = await temporaryDirectory('faults')
  remove = temporary.remove
  platform = await createPlatform({ state: temporary.directory, edges: 2 })
  await publishModel(platform.store, platform.model)
})
afterAll(async () => {
  await platform?.dispose()
  await remove?.()
})

it(
  `keeps its promises for ${minutes} minutes, seed ${seed}`,
  async () => {
    console.log(`random faults: npm test -- random-faults --minutes ${minutes} --seed ${seed}`)
    const random = createRandom(`faults ${seed}`)
    const end = performance.now() + minutes * 60_000
    const cameras = platform.edges.map(openCamera)
    const streams = cameras.map((camera) => streamPhotos(camera, random.fork(camera.edge.name), end))
    const { done: faults, mostDown } = await makeFaults(random.fork('faults'), end)
    await Promise.all(streams)
    for (const kind of KINDS) expect(faults.join(), 'every kind of fault').toContain(kind)
    expect(mostDown, 'processes that were away at the same time').toBeGreaterThan(1)

    const outcomes = new Map<string, string>()
    for (const { edge, sent, answered } of cameras) {
      const read = async () => (await edge.status()).totals
      const totals = await settled({ name: edge.name, totals: read, stuckMs: STUCK_MS })
      expect(totals.captured, `${edge.name} after ${faults.join(', ')}`).toBe(sent.size)
      for (const photo of sent) {
        outcomes.set(`${edge.name}/${photo}`, await outcomeOf(edge.gateway, photo))
        expect(await hashAt(`${edge.gateway}/photos/${photo}`), `${edge.name}'s disk`).toBe(photo)
      }
      const unanswered = () => [...sent].filter((photo) => !answered.has(photo))
      await expect.poll(unanswered, { timeout: STUCK_MS, message: `answers of ${edge.name}` }).toEqual([])
    }
    const samples = [...outcomes].filter(([, outcome]) => outcome === 'accepted' || outcome === 'review')
    const expected = [...new Set(samples.map(([key]) => key.split('/')[1]!))].sort()
    const bucket = sampleStore(platform.store, platform.dataset)
    expect(await bucket.list()).toEqual(expected)
    expect(expected.length).toBeGreaterThan(0)
    for (const [key, outcome] of samples) {
      const photo = key.split('/')[1]!
      const uploaded = await bucket.getPhoto(photo)
      // What a person has to see goes up with its bytes; of the others, some do.
      if (uploaded || outcome === 'review') expect(uploaded && photoHash(uploaded.body), key).toBe(photo)
    }
    for (const { device } of cameras) await device.close()
    console.log(
      `random faults: ${outcomes.size} photos, ${expected.length} samples, faults: ${faults.join(', ')}`
    )
  },
  2 * minutes * 60_000 + 3 * STUCK_MS
)

type Edge = Platform['edges'][number]

/** A device at an edge, what it sent, and which photos it heard an answer to. */
function openCamera(edge: Edge) {
  const sent = new Set<string>()
  const answered = new Set<string>()
  const device = createDevice({
    name: `${edge.name}-camera`,
    broker: edge.broker,
    inFlight: 4,
    receiptTimeoutMs: 5000,
    backoff: { firstMs: 100, mostMs: 1000 },
    onAnswer: ({ photo }) => answered.add(photo),
  })
  return { edge, device, sent, answered }
}

/** Shows photos, a few of them broken and a few of them twice, until the end; resolves when all have their receipt. */
async function streamPhotos(
  { edge, device, sent }: ReturnType<typeof openCamera>,
  random: Random,
  end: number
): Promise<void> {
  const receipts: Promise<unknown>[] = []
  for (let i = 0; performance.now() < end; i++) {
    const again = random.chance(0.05) ? Math.max(0, i - 3) : i
    const photo = await blockPhoto(`${seed} ${edge.name} ${again}`)
    const broken = again % 17 === 0
    const bytes = broken ? photo.slice(0, Math.floor(photo.length / 2)) : photo
    sent.add(photoHash(bytes))
    receipts.push(device.send(bytes))
    await sleep(100 + random.integer(400))
  }
  await Promise.all(receipts)
}

const KINDS = ['cut', 'heal', 'kill edge', 'kill gateway', 'kill trainer', 'kill all'] as const
type Kind = (typeof KINDS)[number]

/** Breaks things until the end, each kind at least once, then mends all of them. */
async function makeFaults(random: Random, end: number): Promise<{ done: string[]; mostDown: number }> {
  const done: string[] = []
  const { gateway, trainer } = platform.services
  const down = new Set<Service>()
  const returns: Promise<void>[] = []
  let mostDown = 0
  /** Kills all of them or, while one is still away, none: killing the rest again and again, all would never be here. */
  const kill = (services: Service[]): boolean => {
    if (services.some((service) => down.has(service))) return false
    for (const service of services) {
      down.add(service)
      const back = killAndRestart(service, random).finally(() => down.delete(service))
      // Looked at when all have come back.
      back.catch(() => {})
      returns.push(back)
    }
    mostDown = Math.max(mostDown, down.size)
    return true
  }
  const act = (fault: Kind, edge: Edge): boolean => {
    if (fault === 'kill edge') return kill([edge])
    if (fault === 'kill gateway') return kill([gateway])
    if (fault === 'kill trainer') return kill([trainer])
    if (fault === 'kill all') return kill([edge, gateway, trainer])
    edge[fault]()
    return true
  }
  const due: Kind[] = [...KINDS]
  while (performance.now() < end || due.length > 0) {
    await sleep(500 + random.integer(1500))
    const edge = random.pick(platform.edges)
    const fault = due.length > 0 ? random.pick(due) : random.pick([...KINDS, 'heal', 'kill edge'] as const)
    if (!act(fault, edge)) continue
    if (due.includes(fault)) due.splice(due.indexOf(fault), 1)
    done.push(/gateway|trainer/.test(fault) ? fault : `${fault} ${edge.name}`)
  }
  await Promise.all(returns)
  for (const edge of platform.edges) edge.heal()
  return { done, mostDown }
}

type Service = Pick<Platform['services']['gateway'], 'kill' | 'restart'>

async function killAndRestart(service: Service, random: Random): Promise<void> {
  await service.kill()
  await sleep(random.integer(1500))
  await service.restart()
}

async function hashAt(url: string): Promise<string> {
  return photoHash(new Uint8Array(await (await fetch(url)).arrayBuffer()))
}
