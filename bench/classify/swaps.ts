import { setTimeout as sleep } from 'node:timers/promises'
import { type Row, row } from '../report.ts'
import { type Answer, callDuring } from './callers.ts'
import type { ClassifyProcess } from './classify-process.ts'
import type { Subject } from './subjects.ts'

const CALLERS = 8
const BLOCKS = 10
const SWAPS_A_BLOCK = 2
const SWAPS_AT_ONCE = 100

/**
 * How swaps show to callers: blocks with swaps and without them take turns, and all answers of one kind are looked at
 * together.
 */
export async function swaps(
  { backbone, runtime }: Subject,
  classify: ClassifyProcess,
  photos: readonly Buffer[],
  seconds: number
): Promise<Row[]> {
  const what = `${backbone} on ${runtime}`
  const during = (work: () => Promise<unknown>) => callDuring(classify.url, photos, CALLERS, work)
  const pause = (seconds * 1000) / SWAPS_A_BLOCK
  const before = await classify.loaded()
  const steady: Answer[] = []
  const swapping: Answer[] = []
  for (let block = 0; block < BLOCKS; block++) {
    process.stderr.write(`${what}: block ${block + 1} of ${BLOCKS}\n`)
    const quiet = async () => steady.push(...(await during(() => sleep(seconds * 1000))))
    const busy = async () =>
      swapping.push(
        ...(await during(async () => {
          for (let swap = 0; swap < SWAPS_A_BLOCK; swap++) {
            await sleep(pause / 2)
            await classify.swap()
            await sleep(pause / 2)
          }
        }))
      )
    for (const one of block % 2 === 0 ? [quiet, busy] : [busy, quiet]) await one()
  }
  const many = await during(async () => {
    for (let swap = 0; swap < SWAPS_AT_ONCE; swap++) await classify.swap()
  })
  const failed = [...steady, ...swapping, ...many].filter(({ status }) => status !== 200)
  const count = BLOCKS * SWAPS_A_BLOCK
  const loaded = (await classify.loaded()) - before
  if (loaded !== count + SWAPS_AT_ONCE) throw new Error(`${what}: ${loaded} versions were loaded`)
  return [
    row(
      `${what}, ${count} swaps to new heads: 99th percentile of ${swapping.length} answers`,
      p99(swapping),
      'ms',
      ['≤', 1.2],
      {
        name: `without swaps, ${steady.length} answers`,
        value: p99(steady),
      }
    ),
    row(`${what}, ${count + SWAPS_AT_ONCE} swaps under load: failed requests`, failed.length, '', ['≤', 0]),
  ]
}

function p99(answers: readonly Answer[]): number {
  const sorted = answers.map(({ took }) => took).sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * 0.99) - 1]!
}
