/**
 * Photos stream in while edges, their links and the gateway fail at random. Afterwards every photo has exactly one
 * outcome and every sample exactly one object, by content hash.
 *
 *     npm test -- random-faults --minutes 10 --seed 7
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { createDevice } from '../device/index.ts'
import { sampleStore } from '../lib/dataset/index.ts'
import { photoHash } from '../lib/photo/index.ts'
import { createRandom, type Random } from '../lib/random/index.ts'
import { createPlatform, type Platform } from '../platform/index.ts'
import { blockPhoto, publishModel, temporaryDirectory } from './support/index.ts'

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
    const sent = platform.edges.map(() => new Set<string>())
    const streams = platform.edges.map((edge, i) => streamPhotos(edge, random.fork(edge.name), end, sent[i]!))
    const faults = await makeFaults(random.fork('faults'), end)
    await Promise.all(streams)

    const outcomes = new Map<string, string>()
    for (const [i, edge] of platform.edges.entries()) {
      const totals = await settled(edge)
      expect(totals.captured, `${edge.name} after ${faults.join(', ')}`).toBe(sent[i]!.size)
      for (const photo of sent[i]!)
        outcomes.set(`${edge.name}/${photo}`, await outcomeOf(edge.gateway, photo))
    }
    const samples = [...outcomes].filter(([, outcome]) => outcome === 'accepted' || outcome === 'review')
    const expected = [...new Set(samples.map(([key]) => key.split('/')[1]!))].sort()
    expect(await sampleStore(platform.store, platform.dataset).list()).toEqual(expected)
    expect(expected.length).toBeGreaterThan(0)
    console.log(
      `random faults: ${outcomes.size} photos, ${expected.length} samples, faults: ${faults.join(', ')}`
    )
  },
  2 * minutes * 60_000 + 3 * STUCK_MS
)

type Edge = Platform['edges'][number]

/** Shows photos, a few of them broken and a few of them twice, until the end; resolves when all have their receipt. */
async function streamPhotos(edge: Edge, random: Random, end: number, sent: Set<string>): Promise<void> {
  const device = createDevice({
    name: `${edge.name}-camera`,
    broker: edge.broker,
    inFlight: 4,
    receiptTimeoutMs: 5000,
    backoff: { firstMs: 100, mostMs: 1000 },
  })
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
  await device.close()
}

/** Breaks things until the end, then mends all of them. Returns what it did. */
async function makeFaults(random: Random, end: number): Promise<string[]> {
  const done: string[] = []
  while (performance.now() < end) {
    await sleep(500 + random.integer(2500))
    const edge = random.pick(platform.edges)
    const fault = random.pick([
      'cut',
      'heal',
      'heal',
      'kill edge',
      'kill edge',
      'kill gateway',
      'kill trainer',
    ])
    done.push(fault.startsWith('kill ') && !fault.endsWith('edge') ? fault : `${fault} ${edge.name}`)
    if (fault === 'cut') edge.cut()
    else if (fault === 'heal') edge.heal()
    else {
      const service = { 'kill edge': edge, 'kill gateway': platform.services.gateway }[fault]
      await killAndRestart(service ?? platform.services.trainer, random)
    }
  }
  for (const edge of platform.edges) edge.heal()
  return done
}

async function killAndRestart(service: Platform['services']['gateway'], random: Random): Promise<void> {
  await service.kill()
  await sleep(random.integer(1500))
  await service.restart()
}

/** Waits until every photo of an edge has its outcome, and every sample is in the bucket. */
async function settled(edge: Edge) {
  let before = ''
  let changed = performance.now()
  for (;;) {
    const { totals } = await edge.status()
    const { captured, accepted, review, rejected, deadLettered, uploaded } = totals
    const decided = accepted + review + rejected + deadLettered
    if (captured === decided && uploaded === accepted + review) return totals
    const now = JSON.stringify(totals)
    if (now !== before) changed = performance.now()
    else if (performance.now() - changed > STUCK_MS) throw new Error(`${edge.name} is stuck: ${now}`)
    before = now
    await sleep(200)
  }
}

const decision = z.object({ outcome: z.enum(['accepted', 'review', 'rejected', 'dead']) })

async function outcomeOf(gateway: string, photo: string): Promise<string> {
  const response = await fetch(`${gateway}/decisions/${photo}`)
  expect(response.status, photo).toBe(200)
  return decision.parse(await response.json()).outcome
}
