import { createHash } from 'node:crypto'
import { decide } from '../../functions/filter-confidence/decide.ts'
import { encodeFloat16Base64 } from '../../lib/float16/index.ts'
import { createRandom } from '../../lib/random/index.ts'
import { type Row, row } from '../report.ts'
import { openEdge } from '../simulated-edge/edge.ts'
import type { Look } from '../simulated-edge/look.ts'
import { classified, type Model } from '../simulated-edge/model.ts'

const KNOWN = 10_000
const TIMED = 1000

/**
 * How long a decision takes where so many photos were decided before: the agent's look at its index and the function's rules. The
 * event that is between them is written and read twice, as in any call of a function: what that takes is told beside it.
 */
export async function timeRow(looks: readonly Look[], model: Model): Promise<Row> {
  const edge = await openEdge()
  const random = createRandom('decision time')
  try {
    for (let i = 0; i < KNOWN; i++) {
      const data = classified(model, variant(random.pick(looks), `known ${i}`, random.fork(i)), {}, i)
      await edge.record(await edge.decide({ ...data, neighbours: [] }))
      if (i % 1000 === 0) process.stderr.write(`${i} of ${KNOWN} photos are decided\n`)
    }
    // What classify does for a photo is not measured.
    const photos = Array.from({ length: TIMED }, (_, i) =>
      classified(model, variant(random.pick(looks), `new ${i}`, random.fork(`new ${i}`)), {}, KNOWN + i)
    )
    const alone = await timesOf(photos, (photo) => decide(edge.enriched(photo)))
    const called = await timesOf(photos, (photo) => edge.decide(photo))
    const [median, p99] = [alone(0.5), alone(0.99)]
    const carried = `${called(0.5).toFixed(2)} and ${called(0.99).toFixed(2)} ms with its event written and read twice`
    return row(
      `a decision with ${KNOWN} photos in the index, 99th percentile of ${TIMED} (median ${median.toFixed(2)} ms; ${carried})`,
      p99,
      'ms',
      ['≤', 5]
    )
  } finally {
    await edge.close()
  }
}

/** @returns by a share of 1, how long it took for that many of them at most, in milliseconds */
async function timesOf<T>(all: readonly T[], work: (one: T) => unknown): Promise<(share: number) => number> {
  const times: number[] = []
  for (const one of all) {
    const began = performance.now()
    await work(one)
    times.push(performance.now() - began)
  }
  times.sort((a, b) => a - b)
  return (share) => times[Math.floor(times.length * share)]!
}

/** Another photo of the same kind of thing: its features and what it looks like differ a little. */
function variant(look: Look, name: string, random: ReturnType<typeof createRandom>): Look {
  const features = look.features.map((value) => value * random.between(0.6, 1.4))
  const thumbnail = Buffer.from(look.thumbnail, 'base64').map((value) =>
    Math.max(0, Math.min(255, Math.round(value + random.normal(0, 30))))
  )
  return {
    ...look,
    photo: { ...look.photo, hash: createHash('sha256').update(name).digest('hex') },
    features,
    encoded: { ...look.encoded, values: encodeFloat16Base64(features) },
    thumbnail: Buffer.from(thumbnail).toString('base64'),
    perceptualHash: flipped(look.perceptualHash, random),
  }
}

/** With 12 bits changed. */
function flipped(hash: string, random: ReturnType<typeof createRandom>): string {
  let bits = BigInt(`0x${hash}`)
  for (let i = 0; i < 12; i++) bits ^= 1n << BigInt(random.integer(64))
  return bits.toString(16).padStart(16, '0')
}
