/**
 * Photos through everything that dies or breaks at an edge: agent and functions are killed, the line to the cloud is cut, its
 * server answers 500 or nothing. Afterwards each photo has exactly one outcome and an answer, and each sample exactly one
 * object, by the hash of its bytes. With the agent's own broker and with the real mosquitto, whose receipts are the agent's.
 *
 *     npm test -- test/reliability [--seed N]
 *     npm run test:soak
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createDevice } from '../../device/index.ts'
import { heartbeat, type Totals } from '../../lib/edge-status/index.ts'
import { photoHash } from '../../lib/photo/index.ts'
import { createRandom, type Random } from '../../lib/random/index.ts'
import { blockPhoto, decidedOf, isMosquittoInstalled, outcomeOf, settled } from '../support/index.ts'
import { type EdgeSite, openEdgeSite, type ProcessName } from './edge-site.ts'

/** What is asked of a site. */
interface Ordeal {
  photos: number
  cameras: number
  /** How long the line is dead right at the beginning, in milliseconds. */
  cutMs: number
  /** What photos may take of the disk, so that it is full for a while; without it, all there is. */
  photoBytes?: number
  /** Bytes of a photo, about. */
  photoSide: number
}

const isSoak = process.env.EDGELOOP_SOAK === '1'
const seed = process.env.EDGELOOP_FAULT_SEED ?? String(Date.now() % 100_000)
const SHORT: Ordeal = { photos: 3000, cameras: 4, cutMs: 10_000, photoSide: 64 }
const OTHER_BROKER: Ordeal = { ...SHORT, photos: 500 }
const LONG: Ordeal = {
  ...{ photos: 10_000, cameras: 4, cutMs: 10 * 60_000, photoSide: 512 },
  // Less than the photos of these ten minutes.
  photoBytes: 36 * 2 ** 20,
}
/** So long nothing may change while something is still on its way, in milliseconds. */
const STUCK_MS = 120_000
/** Every this many-th photo is cut short: it has its outcome, too. */
const BROKEN = 50
/** Every this many-th time, a camera also sends what is another one's. */
const TWICE = 20

describe('photos through kills and cuts', () => {
  const ordeals = [
    { broker: 'its own broker', mosquitto: false, ordeal: isSoak ? LONG : SHORT },
    { broker: 'mosquitto', mosquitto: true, ordeal: OTHER_BROKER },
  ]
  it.each(ordeals)(
    'one outcome and one object each, with $broker',
    async ({ mosquitto, ordeal }) => {
      if (mosquitto && !isMosquittoInstalled()) return console.log('mosquitto is not installed: left out')
      console.log(`npm test -- test/reliability --seed ${seed}`)
      const { photoBytes } = ordeal
      const environment: Record<string, string> =
        photoBytes === undefined ? {} : { PHOTO_STORE_BYTES: String(photoBytes) }
      const site = await openEdgeSite({ mosquitto, environment })
      try {
        await endure(site, ordeal)
      } finally {
        await site.close()
      }
    },
    (isSoak ? 60 : 25) * 60_000
  )
})

async function endure(site: EdgeSite, ordeal: Ordeal): Promise<void> {
  const began = performance.now()
  const random = createRandom(`reliability ${seed}`)
  const sent = new Set<string>()
  const answered = new Set<string>()
  const devices = Array.from({ length: ordeal.cameras }, (_, i) =>
    createDevice({
      name: `camera-${i}`,
      broker: site.broker,
      inFlight: 8,
      receiptTimeoutMs: 10_000,
      backoff: { firstMs: 100, mostMs: 2000 },
      onAnswer: ({ photo }) => answered.add(photo),
    })
  )
  const calm = new AbortController()
  const faults = makeFaults(site, random.fork('faults'), ordeal, calm.signal)
  await Promise.all(devices.map((device, i) => sendPhotos(device, i, ordeal, sent)))
  console.log(`${sent.size} photos have their receipt after ${seconds(began)}`)
  await mostAreDecided(site, ordeal)
  calm.abort()
  const done = await faults
  site.line.mend()

  const totals = await settled({ name: 'the edge', totals: () => totalsOf(site), stuckMs: STUCK_MS })
  console.log(
    `all of them are where they belong after ${seconds(began)}: ${JSON.stringify(totals)}; ${JSON.stringify(done)}`
  )
  expect(sent.size).toBe(ordeal.photos)
  expect(totals.captured).toBe(ordeal.photos)
  const samples: string[] = []
  for (const photo of sent) {
    const outcome = await outcomeOf(site.gateway, photo)
    if (outcome === 'accepted' || outcome === 'review') samples.push(photo)
    else expect(['rejected', 'dead']).toContain(outcome)
  }
  expect(await site.samples.list()).toEqual(samples.sort())
  expect(samples.length).toBeGreaterThan(ordeal.photos / 4)
  for (const photo of samples) {
    const object = await site.samples.getPhoto(photo)
    expect(object && photoHash(object.body)).toBe(photo)
  }
  const unanswered = () => [...sent].filter((photo) => !answered.has(photo)).length
  await expect.poll(unanswered, { timeout: STUCK_MS, message: 'photos without an answer' }).toBe(0)
  for (const device of devices) await device.close()
}

/** As fast as the edge takes them. */
async function sendPhotos(
  device: ReturnType<typeof createDevice>,
  camera: number,
  { photos, cameras, photoSide }: Ordeal,
  sent: Set<string>
): Promise<void> {
  const waiting = new Set<Promise<unknown>>()
  const send = async (photo: Uint8Array) => {
    const receipt: Promise<unknown> = device.send(photo).finally(() => waiting.delete(receipt))
    waiting.add(receipt)
    if (waiting.size >= 8) await Promise.race(waiting)
  }
  for (let i = camera; i < photos; i += cameras) {
    const whole = await blockPhoto(`${seed} ${i}`, 'jpeg', photoSide)
    const photo = i % BROKEN === 0 ? whole.slice(0, Math.floor(whole.length / 2)) : whole
    sent.add(photoHash(photo))
    await send(photo)
    // One that another camera has sent, or will.
    if (i % TWICE === 0) await send(await blockPhoto(`${seed} ${i + 1}`, 'jpeg', photoSide))
  }
  await Promise.all(waiting)
}

/** `fail`: the server answers 500. `stall`: it takes requests and says nothing. `cut`: the line is dead. */
type LineFault = 'fail' | 'stall' | 'cut'

/** Kills and breaks until the signal fires; each kind of fault comes, in an order of its own. */
async function makeFaults(site: EdgeSite, random: Random, { cutMs }: Ordeal, stop: AbortSignal) {
  const counts: Record<string, number> = {}
  const count = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1
  }
  const names = Object.keys(site.processes) as ProcessName[]
  const pause = (ms: number) => sleep(ms, undefined, { signal: stop }).catch(() => {})

  async function kill(): Promise<void> {
    while (!stop.aborted) {
      await pause(3000 + random.integer(9000))
      const name = random.pick(names)
      await site.processes[name].kill()
      count(`kill ${name}`)
      await pause(random.integer(1000))
      await site.processes[name].restart()
    }
  }
  async function breakLine(): Promise<void> {
    const line = random.fork('line')
    const set = async (fault: LineFault, ms: number) => {
      if (fault === 'fail') site.line.fail(() => true)
      else site.line.endAfter(0, fault)
      count(fault)
      await pause(ms)
      site.line.mend()
    }
    await set('cut', cutMs)
    while (!stop.aborted) {
      await pause(3000 + line.integer(10_000))
      if (!stop.aborted) await set(line.pick(['fail', 'stall', 'cut'] as const), 1000 + line.integer(5000))
    }
  }
  await Promise.all([kill(), breakLine()])
  return counts
}

/** What an edge says it has done; undefined while it is away. */
async function totalsOf({ gateway }: EdgeSite): Promise<Totals | undefined> {
  const response = await fetch(`${gateway}/status`).catch(() => undefined)
  const body = response?.ok ? await response.json().catch(() => undefined) : undefined
  return body && heartbeat.parse(body).totals
}

/** Faults go on until four of five photos are decided. */
async function mostAreDecided(site: EdgeSite, { photos }: Ordeal): Promise<void> {
  for (;;) {
    const totals = await totalsOf(site)
    if (totals && decidedOf(totals) >= 0.8 * photos) return
    await sleep(1000)
  }
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(0)} s`
}
