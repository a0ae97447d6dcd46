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
  const lags: number[] = []
  let batch = CALLERS
  const before = await classify.resetPeakMemory()
  for (let round = 0; round <= rounds; round++) {
    const rates = { bare: 0, served: 0 }
    const measures = [
      async () => {
        await classify.lag()
        const answers = await callDuring(classify.url, photos, CALLERS, () => sleep(seconds * 1000))
        const lag = await classify.lag()
        const failed = answers.filter(({ status }) => status !== 200)
        if (failed.length > 0)
          throw new Error(`${what}: ${failed.length} requests failed, one with ${failed[0]!.status}`)
        batch = Math.round(await classify.batchSize())
        rates.served = answerRate(answers)
        if (round > 0) lags.push(lag)
      },
      async () => {
        rates.bare = await bare.rate({ batch, seconds })
      },
    ]
    for (const measure of round % 2 === 0 ? measures : measures.toReversed()) await measure()
    process.stderr.write(`${what}: ${rates.served} of ${rates.bare} photos/s\n`)
    // The first round is for the compiler.
    if (round === 0) continue
    served.push(rates.served)
    computed.push(rates.bare)
  }
  const grown = (await classify.peakMemory()) - before
  // Round by round: the machine's speed changes.
  const ratio = median(served.map((rate, i) => rate / computed[i]!))
  const peer = { name: `bare predict loop, ${batch} at a time`, value: median(served) / ratio }
  return [
    row(what, median(served), 'photos/s', ['≥', GOALS[backbone] ?? 0.8], peer),
    row('the same: memory at the peak beyond the loaded model', grown / 1e6, 'MB', ['≤', MEMORY_MB]),
    row('the same: event loop held up, 99th percentile', median(lags), 'ms', ['≤', LAG_MS]),
  ]
}
