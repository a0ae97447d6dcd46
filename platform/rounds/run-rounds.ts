import { sampleStore } from '../../lib/dataset/index.ts'
import { modelRegistry } from '../../lib/registry/index.ts'
import type { Platform } from '../platform.ts'
import { createCameras } from './cameras.ts'
import { learn, waitUntilServed } from './learn.ts'
import { createPeople } from './people.ts'
import { progressFile } from './progress-file.ts'
import type { RoundReport, RunEvent } from './report.ts'
import { seedDataset } from './seed-dataset.ts'
import type { PhotoSupply } from './supply.ts'
import { createTestSet } from './test-set.ts'
import { isSettled, readTotals } from './totals.ts'
import { waitFor } from './wait.ts'

export interface RunOptions {
  platform: Platform
  supply: PhotoSupply
  /** What makes this run different from others in the same state directory: photos, seed. */
  key: string
  state: string
  /** Ends after so many rounds; goes on until the photos end when absent. */
  rounds?: number
  perRound: number
  labelsPerRound: number
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
  const from = (await file.read(options.key)) ?? {
    key: options.key,
    round: 0,
    labelsAsked: supply.seeds.length,
    next: 0,
  }
  const stopListening = platform.onEvent((event) => {
    if (event.type === 'retrain.progress')
      onEvent({ event: 'progress', stage: event.data.stage, done: event.data.done })
    if (event.type === 'model.promoted' || event.type === 'model.refused') {
      const { version, judgement } = event.data
      onEvent({ event: 'judged', version, verdict: judgement.verdict, why: judgement.why })
    }
  })
  const cameras = await createCameras(platform, supply, options.devicesPerEdge, from.next)
  const people = createPeople(platform, cameras.truth)
  const registry = modelRegistry(platform.store, platform.model)
  // The test set is computed on one core while the other one trains the first model.
  const computing = createTestSet(platform, supply.test, signal)
  // Whoever needs it sees the error; until then it must not count as unhandled.
  computing.catch(() => {})
  let { labelsAsked, next } = from

  async function report(round: number, promoted: boolean): Promise<RoundReport> {
    const modelVersion = (await registry.channel('stable'))!.value.version
    await waitUntilServed(platform, modelVersion, signal)
    const testAccuracy = await (await computing).accuracy(modelVersion)
    const totals = await readTotals(platform)
    const made = { round, ...totals, labelsAsked, modelVersion, testAccuracy, promoted }
    onEvent({ event: 'round', ...made })
    await file.write({ key: options.key, round: round + 1, labelsAsked, next })
    return made
  }

  try {
    await seedDataset(platform, supply)
    let last: RoundReport | undefined
    if (from.round === 0) {
      const verdict = await learn(platform, signal)
      last = await report(0, verdict?.judgement.verdict === 'promote')
    }
    const end = options.rounds === undefined ? Number.POSITIVE_INFINITY : options.rounds
    for (let round = Math.max(1, from.round); round <= end; round++) {
      const before = (await readTotals(platform)).captured
      const shown = await cameras.capture(options.perRound)
      if (shown === 0) break
      next += shown
      await waitFor(async () => {
        // An edge that is being restarted says nothing for a moment.
        const totals = await readTotals(platform).catch(() => undefined)
        if (!totals) return undefined
        onEvent({ event: 'progress', stage: 'photos', done: settledShare(totals, before, shown) })
        return isSettled(totals) || undefined
      }, signal)
      labelsAsked += await people.answer(options.labelsPerRound)
      const verdict = await learn(platform, signal)
      last = await report(round, verdict?.judgement.verdict === 'promote')
    }
    last ??= await report(from.round - 1, false)
    const objects = (await sampleStore(platform.store, platform.dataset).list()).length
    const seconds = (performance.now() - started) / 1000
    onEvent({ event: 'summary', ...last, goldenLabels: supply.golden.length, objects, seconds })
    return last
  } finally {
    stopListening()
    await cameras.close()
  }
}

/** The share of a round's photos that have their outcome, 0 to 1. */
function settledShare(totals: Awaited<ReturnType<typeof readTotals>>, before: number, shown: number): number {
  const { accepted, review, rejected, deadLettered } = totals
  const done = accepted + review + rejected + deadLettered - before
  return Math.min(1, Math.max(0, done / shown))
}
