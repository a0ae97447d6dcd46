import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Run } from './runs.ts'

const folder = new URL('../results/learning/', import.meta.url)

/** Writes every round of every run as a table: `bench/results/learning/rounds.csv`. */
export async function writeRounds(runs: readonly Run[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  const lines = runs.flatMap(({ scenario, policy, seed, rounds }) =>
    rounds.map((round) =>
      [
        ...[scenario, JSON.stringify(policy), seed, round.round, round.labels, round.bytes],
        ...[round.fates.ask, round.fates.accept, round.fates.drop],
        ...[round.pseudo.wrong, round.pseudo.accepted, round.verdict, round.alarm ?? ''],
        ...[round.accuracy, round.balancedAccuracy, round.logLoss, round.bestLogLoss, round.change].map(
          (value) => value.toFixed(5)
        ),
      ].join(',')
    )
  )
  const head =
    'scenario,policy,seed,round,labels,bytes,asked,accepted,dropped,wrong pseudo,pseudo,verdict,alarm,accuracy,balanced accuracy,log loss,best log loss,change'
  await writeFile(fileURLToPath(new URL('rounds.csv', folder)), `${[head, ...lines].join('\n')}\n`)
}
