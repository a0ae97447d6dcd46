import { sampleStore } from '../../lib/dataset/index.ts'
import type { Platform } from '../platform.ts'
import { createCameras } from './cameras.ts'
import { changeBackbone } from './change-backbone.ts'
import { type FaultPlan, pastFaults } from './fault-plan.ts'
import { createFaults } from './faults.ts'
import { type Learned, learn, waitUntilServed } from './learn.ts'
import { createPeople } from './people.ts'
import { progressFile } from './progress-file.ts'
import { putLabelled } from './put-labelled.ts'
import type { RoundReport, RunEvent } from './report.ts'
import { reportModels } from './report-models.ts'
import type { PhotoSupply } from './supply.ts'
import { createTestSet } from './test-set.ts'
import { decidedOf, type EdgeState, isSettled, readEdges, readTotals, sum } from './totals.ts'
import { openTruths } from './truths.ts'
import { unlessAborted, waitFor } from './wait.ts'

export interface RunOptions {
  platform: Platform
  supply: PhotoSupply
  state: string
  /** Ends after so many rounds; goes on until the photos end when absent. */
  rounds?: number
  perRound: number
  labelsPerRound: number
  faults: FaultPlan
  devicesPerEdge: number
  onEvent(event: RunEvent): void
  signal: AbortSignal
}

/**
 * Turns the loop in rounds: cameras show photos, everything settles, people answer, the schedule ticks, a model is
 * trained and judged, and the edges serve what was promoted. Round 0 is the model of the seed labels.
 *
 * @returns the last round's report
 */
export async function runRounds(options: RunOptions): Promise<RoundReport> {
  const { platform, supply, onEvent, signal } = options
  const started = performance.now()
  const file = progressFile(options.state)
  // Other photos, other sets or other edges make another run, which cannot go on from here.
  const key = `${supply.key}, ${platform.edges.length} edges`
  const from = (await file.read(key)) ?? {
    key,
    round: 0,
    labelsAsked: supply.seeds.length,
    next: 0,
  }
  const stopListening = reportModels(platform, () => current, onEvent)
  const truths = await openTruths(options.state)
  const cameras = createCameras(platform, supply, truths, options.devicesPerEdge, from.next, onEvent)
  const faults = createFaults(platform, options.faults, onEvent, signal)
  const people = createPeople(platform, truths.of, signal)
  // Computes nothing before the first model is trained, which edges wait for.
  const testSet = createTestSet(platform, supply.test, signal, (photo, why) =>
    onEvent({ event: 'remark', text: `the test photo ${photo} is left out: ${why}` })
  )
  let { labelsAsked, next } = from
  let current = from.round

  /** What stands at the end of a round, once every edge in reach serves the model. */
  async function concludeRound(round: number, { verdict, failed }: Learned): Promise<Conclusion> {
    if (failed !== undefined) onEvent({ event: 'training-failed', why: failed })
    const modelVersion = await waitUntilServed(platform, signal)
    const totals = await readTotals(platform, signal)
    return {
      round,
      ...totals,
      labelsAsked,
      modelVersion,
      promoted: verdict?.judgement.verdict === 'promote',
      next,
    }
  }

  /** Measures the round's model, and tells. */
  async function report({ next, ...conclusion }: Conclusion): Promise<RoundReport> {
    const testAccuracy = await testSet.accuracy(conclusion.modelVersion)
    const made = { ...conclusion, testAccuracy }
    onEvent({ event: 'round', ...made })
    await file.write({ key, round: made.round + 1, labelsAsked: made.labelsAsked, next })
    return made
  }

  /** Waits until all photos have their outcome, and all samples that can be are in the bucket. */
  async function settle(): Promise<void> {
    await waitFor(async () => {
      // An edge that is being restarted says nothing for a moment.
      const edges = await readEdges(platform).catch(() => undefined)
      if (!edges) return undefined
      onEvent({
        event: 'progress',
        round: current,
        stage: 'photos',
        done: decidedShare(edges),
      })
      return edges.every(isSettled) || undefined
    }, signal)
  }

  let last: Promise<RoundReport> | undefined
  /** Measuring takes a while: meanwhile the cameras go on. Rounds are told in their order. */
  async function tell(conclusion: Conclusion): Promise<void> {
    await last
    last = report(conclusion)
    // Whoever waits for it next sees its error.
    last.catch(() => {})
  }

  try {
    await putLabelled(platform, 'seed', supply.seeds, signal)
    // The first model has no use for them, and the first photo waits for that.
    const golden = putLabelled(platform, 'golden', supply.golden, signal)
    golden.catch(() => {})
    await changeBackbone(platform, onEvent, signal)
    // Told when the first photos have been shown: measuring would hold up their answers.
    let untold = from.round === 0 ? await concludeRound(0, await learn(platform, signal)) : undefined
    const tellFirst = async () => {
      await golden
      if (untold) await tell(untold)
      untold = undefined
    }
    const end = options.rounds === undefined ? Number.POSITIVE_INFINITY : options.rounds
    const first = Math.max(1, from.round)
    for (const past of pastFaults(options.faults, first))
      onEvent({ event: 'remark', text: `${past} is past: the run goes on with round ${first}` })
    for (let round = first; round <= end; round++) {
      current = round
      onEvent({ event: 'progress', round, stage: 'photos', done: 0 })
      faults.beginRound(round)
      const showing = cameras.capture(options.perRound)
      const [shown] = await unlessAborted(Promise.all([showing, faults.midRound(round, showing)]), signal)
      await tellFirst()
      if (shown === 0) break
      next += shown
      await settle()
      await people.answer(options.labelsPerRound)
      labelsAsked = supply.seeds.length + (await people.answered())
      const learning = learn(platform, signal)
      const [learned] = await unlessAborted(
        Promise.all([learning, faults.whileTraining(round, learning)]),
        signal
      )
      faults.endRound(round)
      await tell(await concludeRound(round, learned))
    }
    await tellFirst()
    faults.end()
    await settle()
    if (!last) await tell(await concludeRound(from.round - 1, {}))
    const summary = { ...(await last)!, ...(await readTotals(platform, signal)) }
    const objects = (await sampleStore(platform.store, platform.dataset).list()).length
    const seconds = (performance.now() - started) / 1000
    onEvent({ event: 'summary', ...summary, goldenLabels: supply.golden.length, objects, seconds })
    return summary
  } finally {
    stopListening()
    await cameras.close()
  }
}

/** A round's end, before its model is measured. */
type Conclusion = Omit<RoundReport, 'testAccuracy'> & { next: number }

/** The share of the photos that have their outcome, 0 to 1. */
function decidedShare(edges: readonly EdgeState[]): number {
  const totals = sum(edges.map(({ totals }) => totals))
  return totals.captured === 0 ? 1 : decidedOf(totals) / totals.captured
}
