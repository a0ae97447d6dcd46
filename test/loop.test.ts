import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createDevice, type Device } from '../device/index.ts'
import { sampleStore } from '../lib/dataset/index.ts'
import { createEvent } from '../lib/events/index.ts'
import { photoHash } from '../lib/photo/index.ts'
import { modelRegistry } from '../lib/registry/index.ts'
import { createDemoCamera } from '../platform/demo-camera/index.ts'
import { createPlatform, type Platform } from '../platform/index.ts'
import {
  folderSupply,
  type PhotoSupply,
  type RunEvent,
  type RunOptions,
  runRounds,
} from '../platform/rounds/index.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const SEED = 7
/** Shown between the rounds: three by one device, the rest by another one. */
const PHOTOS_BETWEEN = 11
const camera = createDemoCamera({ seed: SEED })
const scene = (index: number) => ({
  label: camera.label(index),
  read: async () => (await camera.scene(index)).bytes,
})
const scenes = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => scene(from + i))
const drawn: PhotoSupply = {
  key: 'drawn',
  golden: scenes(0, 12),
  test: scenes(12, 22),
  seeds: scenes(22, 30),
  stream: (index) => scene(30 + index),
}
const eventually = (check: () => unknown, timeout = 15_000) => vi.waitFor(check, { timeout, interval: 25 })

/** Runs rounds and gives what was said. */
async function run(platform: Platform, state: string, more: Partial<RunOptions>): Promise<RunEvent[]> {
  const events: RunEvent[] = []
  await runRounds({
    platform,
    supply: drawn,
    state,
    perRound: 8,
    labelsPerRound: 2,
    devicesPerEdge: 1,
    faults: { cuts: [], kills: [] },
    onEvent: (event) => events.push(event),
    signal: AbortSignal.timeout(220_000),
    ...more,
  })
  return events
}

const rounds = (events: RunEvent[]) => events.filter((event) => event.event === 'round')
const summary = (events: RunEvent[]) => events.filter((event) => event.event === 'summary').at(-1)!

describe('the loop on drawn photos', () => {
  let state: string
  let platform: Platform
  let events: RunEvent[]
  const devices: Device[] = []
  const start = () => createPlatform({ state, edges: 2, retrain: { RETRAIN_MIN_NEW: '1000' } })

  beforeAll(async () => {
    state = await mkdtemp(path.join(tmpdir(), 'edgeloop-loop-'))
    platform = await start()
    events = await run(platform, state, { rounds: 1 })
  })
  afterAll(async () => {
    await Promise.all(devices.map((device) => device.close()))
    await platform.dispose()
    await rm(state, { recursive: true, force: true })
  })

  it('counts every photo once, and has every sample in the bucket', async () => {
    expect(rounds(events).map(({ round, captured }) => [round, captured])).toEqual([
      [0, 0],
      [1, 8],
    ])
    const { captured, accepted, review, rejected, deadLettered, uploaded, objects, ...rest } = summary(events)
    expect(accepted + review + rejected + deadLettered).toBe(captured)
    expect([uploaded, objects]).toEqual([accepted + review, accepted + review])
    expect(objects).toBeGreaterThan(0)
    expect(deadLettered).toBe(0)
    expect(rest).toMatchObject({ goldenLabels: 12, labelsAsked: expect.any(Number) })
    expect(rest.labelsAsked).toBeGreaterThanOrEqual(8)
    expect(rest.labelsAsked).toBeLessThanOrEqual(10)
    expect(rest.bytesCaptured).toBeGreaterThan(8 * 5000)
  })

  it('judges each trained version on the golden set, and serves what was promoted at both edges', async () => {
    const judged = events.filter((event) => event.event === 'judged')
    expect(judged[0]).toMatchObject({ version: 1, verdict: 'promote' })
    for (const { promoted, modelVersion } of rounds(events))
      if (promoted)
        expect(judged).toContainEqual(expect.objectContaining({ version: modelVersion, verdict: 'promote' }))
    const statuses = await Promise.all(platform.edges.map((edge) => edge.status()))
    const { modelVersion } = summary(events)
    expect(statuses.map(({ model }) => model)).toEqual(
      Array(2).fill({ name: 'photos', wanted: modelVersion, serving: modelVersion, why: null })
    )
    for (const { testAccuracy } of rounds(events)) expect(testAccuracy).toBeGreaterThanOrEqual(0.5)
  })

  it('answers whoever asks an edge, or the cloud', async () => {
    const body = Buffer.from(await drawn.stream(100)!.read())
    for (const gateway of [platform.edges[0]!.gateway, platform.gateway]) {
      const response = await fetch(new URL('/function/classify', gateway), { method: 'POST', body })
      const answer = (await response.json()) as { labels: { label: string; score: number }[] }
      expect(response.status).toBe(200)
      expect(answer).toMatchObject({ model: { name: 'photos' }, confidence: answer.labels[0]!.score })
      expect(answer.labels.map(({ label }) => label).sort()).toEqual([...camera.labels].sort())
    }
  })

  it('has a promoted head served at both edges within two seconds', async () => {
    const registry = modelRegistry(platform.store, platform.model)
    const before = (await registry.channel('stable'))!
    const { head, manifest } = await registry.head(before.value.version)
    const { backbone, thresholds, trainedOn, metrics } = manifest
    const next = await registry.publish('000777', head, { backbone, thresholds, trainedOn, metrics })
    const serving = () => Promise.all(platform.edges.map(async (edge) => (await edge.status()).model.serving))

    await registry.setChannel(
      'stable',
      { version: next.version, by: 'a test', why: 'the same again' },
      before
    )
    const promoted = performance.now()
    await platform.publish(
      createEvent('model.promoted', 'cloud/promote-model', ['photos', next.version], {
        dataset: platform.dataset,
        model: platform.model,
        run: '000777',
        snapshot: trainedOn.snapshot,
        version: next.version,
        channel: 'stable',
        serving: before.value.version,
        judgement: { verdict: 'promote', why: 'the same again', figures: {} },
      })
    )
    await eventually(async () => expect(await serving()).toEqual([next.version, next.version]))
    expect(performance.now() - promoted).toBeLessThan(2000)
  })

  it('an edge that is cut off goes on answering, and uploads when the line is whole again', async () => {
    const [edge] = platform.edges
    const { uploaded } = (await edge!.status()).totals
    const answered: string[] = []
    const device = createDevice({
      name: 'pi',
      broker: edge!.broker,
      onAnswer: ({ photo }) => answered.push(photo),
    })
    devices.push(device)
    edge!.cut()
    const photos = await Promise.all([200, 201, 202].map((index) => drawn.stream(index)!.read()))
    await Promise.all(photos.map((photo) => device.send(photo)))
    await eventually(() => expect(answered.toSorted()).toEqual(photos.map(photoHash).toSorted()))
    expect((await edge!.status()).totals.uploaded).toBe(uploaded)
    edge!.heal()
    await settled()
    expect((await edge!.status()).totals.uploaded).toBeGreaterThan(uploaded)
  })

  it('an edge that is killed in the middle of its work loses nothing and counts nothing twice', async () => {
    const [, edge] = platform.edges
    const { captured } = (await edge!.status()).totals
    const answered = new Set<string>()
    const device = createDevice({
      name: 'pi-2',
      broker: edge!.broker,
      inFlight: 4,
      onAnswer: ({ photo }) => answered.add(photo),
    })
    devices.push(device)
    const photos = await Promise.all(
      Array.from({ length: PHOTOS_BETWEEN - 3 }, (_, i) => drawn.stream(300 + i)!.read())
    )
    const sending = Promise.all(photos.map((photo) => device.send(photo)))
    await eventually(async () => expect((await edge!.status()).totals.captured).toBeGreaterThan(captured + 2))
    await edge!.kill()
    await edge!.restart()
    await sending
    // The device does not know whether the edge has them.
    await Promise.all(photos.slice(0, 3).map((photo) => device.send(photo)))
    await settled()
    expect((await edge!.status()).totals.captured).toBe(captured + photos.length)
    await eventually(() => expect([...answered].sort()).toEqual(photos.map(photoHash).sort()))
  })

  it('goes on with the next round after a restart, also with an edge killed in its middle', async () => {
    await platform.dispose()
    platform = await start()
    const [edge] = platform.edges
    const { kill } = edge!
    const undecided: number[] = []
    edge!.kill = async () => {
      const { captured, accepted, review, rejected, deadLettered } = (await edge!.status()).totals
      undecided.push(captured - accepted - review - rejected - deadLettered)
      await kill()
    }
    const faults = { cuts: [], kills: [{ target: edge!.name, round: 2 }] }
    const further = await run(platform, state, { rounds: 2, faults })
    expect(undecided).toEqual([expect.any(Number)])
    expect(undecided[0]).toBeGreaterThan(0)
    expect(rounds(further).map(({ round }) => round)).toEqual([2])
    const { captured, accepted, review, rejected, deadLettered, objects } = summary(further)
    expect(captured).toBe(8 + 8 + PHOTOS_BETWEEN)
    expect(accepted + review + rejected + deadLettered).toBe(captured)
    expect(objects).toBe(accepted + review)
  })

  /** Every photo has its outcome, and every sample its object, once. */
  async function settled(): Promise<void> {
    await eventually(async () => {
      const statuses = await Promise.all(platform.edges.map((edge) => edge.status()))
      for (const { totals } of statuses) {
        const { captured, accepted, review, rejected, deadLettered, uploaded } = totals
        expect(accepted + review + rejected + deadLettered).toBe(captured)
        expect(uploaded).toBe(accepted + review)
      }
      const uploaded = statuses.reduce((sum, { totals }) => sum + totals.uploaded, 0)
      expect(await sampleStore(platform.store, platform.dataset).list()).toHaveLength(uploaded)
    }, 20_000)
  }
})

const photos = fileURLToPath(new URL('../../shared/photos', import.meta.url))

describe.skipIf(!existsSync(path.join(photos, 'cat')))(
  'the loop on real photos (needs ../shared/photos)',
  () => {
    it('learns cats from dogs', async () => {
      const state = await mkdtemp(path.join(tmpdir(), 'edgeloop-loop-real-'))
      const platform = await createPlatform({ state, edges: 1, retrain: { RETRAIN_MIN_NEW: '1000' } })
      try {
        const supply = await folderSupply(photos, { seed: SEED, golden: 12, test: 12, seedLabels: 10 })
        const events = await run(platform, state, { supply, rounds: 1, perRound: 8 })
        const { captured, accepted, review, rejected, deadLettered, objects, testAccuracy } = summary(events)
        expect(accepted + review + rejected + deadLettered).toBe(captured)
        expect(objects).toBe(accepted + review)
        expect(testAccuracy).toBeGreaterThanOrEqual(0.75)
      } finally {
        await platform.dispose()
        await rm(state, { recursive: true, force: true })
      }
    })
  }
)
