/**
 * The whole loop on real photos, three seeds: what it learns, for how many labels, in what time.
 *
 *     npm run bench loop -- [--photos DIR] [--seeds 1,2,3]
 * @module
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import type { RunEvent } from '../../platform/rounds/index.ts'
import { mean } from '../mean.ts'
import { type Row, row } from '../report.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const TEST_PHOTOS = 200

type Round = Extract<RunEvent, { event: 'round' }>
type Judged = Extract<RunEvent, { event: 'judged' }>
type Summary = Extract<RunEvent, { event: 'summary' }>

interface Run {
  seed: string
  rounds: Round[]
  summary: Summary
  gated: boolean
}

export default async function loop(args: string[]): Promise<Row[]> {
  const { values } = parseArgs({
    args,
    options: {
      photos: { type: 'string', default: '../shared/photos' },
      seeds: { type: 'string', default: '1,2,3' },
    },
  })
  if (!existsSync(values.photos))
    throw new Error(`there are no photos at ${values.photos}: give a folder with --photos`)
  const runs: Run[] = []
  for (const seed of values.seeds.split(',')) runs.push(await runOnce(values.photos, seed))

  const errors = (accuracy: number) => Math.round((1 - accuracy) * TEST_PHOTOS)
  const before = mean(runs.map(({ rounds }) => errors(rounds[0]!.testAccuracy)))
  const after = mean(runs.map(({ summary }) => errors(summary.testAccuracy)))
  const accuracy = mean(runs.map(({ summary }) => summary.testAccuracy))
  return [
    row(`test accuracy, mean of ${runs.length} seeds`, accuracy, '', ['≥', 0.99]),
    row('test errors at the end', after, 'photos', ['≤', 0.5], { name: 'errors of round 0', value: before }),
    row(
      'labels asked, seeds included',
      Math.max(...runs.map(({ summary }) => summary.labelsAsked)),
      'labels',
      ['≤', 80]
    ),
    row('golden labels beside', runs[0]!.summary.goldenLabels, 'labels', ['≤', 120]),
    row('bytes uploaded', mean(runs.map(({ summary }) => summary.bytesUploaded)), 'bytes', ['≤', 1], {
      name: 'bytes captured',
      value: mean(runs.map(({ summary }) => summary.bytesCaptured)),
    }),
    row('time of a run', Math.max(...runs.map(({ summary }) => summary.seconds)), 's', ['≤', 300]),
    row(
      'runs whose sums hold',
      share(runs, ({ summary }) => sumsHold(summary)),
      '',
      ['≥', 1]
    ),
    row(
      'runs in which every served version passed the gate',
      share(runs, ({ gated }) => gated),
      '',
      ['≥', 1]
    ),
  ]
}

async function runOnce(photos: string, seed: string): Promise<Run> {
  const options = [
    '--photos',
    photos,
    '--seed',
    seed,
    '--seed-labels',
    '20',
    '--rounds',
    '10',
    '--per-round',
    '40',
  ]
  const child = execa('npm', ['start', '--silent', '--', ...options, '--json'], {
    cwd: root,
    stderr: 'inherit',
  })
  const events: RunEvent[] = []
  for await (const line of child) {
    const event = JSON.parse(line) as RunEvent
    events.push(event)
    if (event.event === 'round')
      process.stderr.write(
        `seed ${seed}, round ${event.round}: ${event.testAccuracy}, ${event.labelsAsked} labels\n`
      )
  }
  await child
  const rounds = events.filter((event) => event.event === 'round')
  const summary = events.find((event) => event.event === 'summary')
  if (!summary) throw new Error(`the run with seed ${seed} ended without a summary`)
  const judged = new Map(
    events.flatMap((event) => (event.event === 'judged' ? [[event.version, event]] : []))
  )
  return { seed, rounds, summary, gated: rounds.every((round) => passedGate(judged.get(round.modelVersion))) }
}

/** By the figures themselves: the first model, or one with a positive gain and at most one golden photo lost. */
function passedGate(judged: Judged | undefined): boolean {
  if (judged?.verdict !== 'promote') return false
  const { gain, lost } = judged.figures
  return judged.version === 1 || ((gain ?? 0) > 0 && (lost ?? Number.POSITIVE_INFINITY) <= 1)
}

function sumsHold(report: Summary): boolean {
  const { captured, accepted, review, rejected, deadLettered, objects } = report
  return captured === accepted + review + rejected + deadLettered && accepted + review === objects
}

function share<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.filter(holds).length / items.length
}
