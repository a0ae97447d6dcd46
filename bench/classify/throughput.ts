import { setTimeout as sleep } from 'node:timers/promises'
import { median } from '../median.ts'
import { type Row, row } from '../report.ts'
import type { BareLoop } from './bare-loop.ts'
import { answerRate, callDuring } from './callers.ts'
import type { ClassifyProcess } from './classify-process.ts'
import type { Subject } from './subjects.ts'

const CALLERS = 8
/** What must be left of the bare loop's rate: decoding takes the same from a small backbone as from a large one. */
const GOALS: Record<string, number> = { xception: 0.95, 'efficientnet-lite0': 0.8 }
/** Megabytes beside the model: what is decoded and waits, and what answers. */
const MEMORY_MB = 150
/** Milliseconds. */
const LAG_MS = 20

/**
 * Photos a second over HTTP, against the backbone alone, in turn; what that costs in memory, and how long it keeps the
 * event loop.
 */
export async function throughput(
  { backbone, runtime }: Subject,
  classify: ClassifyProcess,
  bare: BareLoop,
  photos: readonly Buffer[],
  { rounds, seconds }: { rounds: number; seconds: number }
): Promise<Row[]> {
  const what = `${backbone} on ${runtime}, ${CALLERS} callers with JPEGs of 640 x 480`
  const served: number[] = []
  const computed: number[] = []
  const decoded: number[] = []
  const lags: number[] = []
  let batch = CALLERS
  for (let round = 0; round <= rounds; round++) {
    await classify.lag()
    const answers = await callDuring(classify.url, photos, CALLERS, () => sleep(seconds * 1000))
    const lag = await classify.lag()
    const failed = answers.filter(({ status }) => status !== 200)
    if (failed.length > 0)
      throw new Error(`${what}: ${failed.length} requests failed, one with ${failed[0]!.status}`)
    batch = Math.round(await classify.batchSize())
    const rate = await bare.rate({ batch, seconds })
    const withSharp = await bare.rate({ batch, seconds, jpegs: photos })
    // The first round is for the compiler.
    if (round === 0) continue
    served.push(answerRate(answers))
    computed.push(rate)
    decoded.push(withSharp)
    lags.push(lag)
    process.stderr.write(`${what}: ${served.at(-1)} of ${rate} photos/s, lag ${lag.toFixed(1)} ms\n`)
  }
  // Round by round: the machine's speed changes.
  const against = (name: string, rates: readonly number[]) => {
    const peer = { name: `${name}, ${batch} at a time`, value: median(rates) }
    return [median(served.map((rate, i) => rate / rates[i]!)) * peer.value, peer] as const
  }
  const [ofBare, bareLoop] = against('bare predict loop', computed)
  const [ofSharp, sharpLoop] = against('bare loop of sharp and predict', decoded)
  const grown = (await classify.peakMemory()) - (await bare.peakMemory())
  return [
    row(what, ofBare, 'photos/s', ['≥', GOALS[backbone] ?? 0.8], bareLoop),
    row('the same', ofSharp, 'photos/s', ['≥', 0.9], sharpLoop),
    row(`the same: memory beyond the bare loop's`, grown / 1e6, 'MB', ['≤', MEMORY_MB]),
    row('the same: event loop held up, 99th percentile', median(lags), 'ms', ['≤', LAG_MS]),
  ]
}
