import { mean } from '../mean.ts'
import { type Row, row } from '../report.ts'
import { CEILING, CONFIDENT, OURS, POLICIES, RANDOM } from './policies.ts'
import type { Round } from './replay.ts'
import type { Run } from './runs.ts'
import { CHANGED } from './scenario.ts'

/** A change of accuracy beyond this counts as harm; half a point of 200 photos is one photo, and no harm. */
const HARM = 0.005 + 1e-9

/** The figures to be reached, of the scenarios that were replayed. */
export function figures(runs: readonly Run[]): Row[] {
  const has = (scenario: string) => runs.some((run) => run.scenario === scenario)
  return [
    ...(has('plain') ? plainRows(runs) : []),
    ...(has('wrong answers') ? [belowCeiling(runs, 'wrong answers', 'accuracy', 1)] : []),
    ...(has('imbalance') ? [belowCeiling(runs, 'imbalance', 'balancedAccuracy', 1.5)] : []),
    ...['blur', 'rotation'].filter(has).flatMap((scenario) => driftRows(runs, scenario)),
    falseAlarmRow(runs),
    harmRow(runs),
    calibrationRow(runs),
  ]
}

function plainRows(runs: readonly Run[]): Row[] {
  const ours = lastOf(runs, 'plain', OURS.name)
  const ceiling = lastOf(runs, 'plain', CEILING.name)
  const others = POLICIES.filter((policy) => policy !== OURS && policy !== CEILING)
  const random = paired(runs, 'plain', RANDOM.name, 'logLoss')
  return [
    belowCeiling(runs, 'plain', 'accuracy', 0.5),
    row(
      'labels that took, against all (golden set: 120 more)',
      mean(ours.map(({ labels }) => labels)),
      'labels',
      ['≤', 0.25],
      { name: 'everything labelled', value: mean(ceiling.map(({ labels }) => labels)) }
    ),
    row(
      `log loss above that of random labels at equal number, mean of pairs (${random.text})`,
      random.mean,
      'nats',
      ['≤', 0]
    ),
    ...others.map(({ name }) => aboveRow(runs, name, 'upper')),
    aboveRow(runs, CONFIDENT.name, 'lower'),
  ]
}

/** Whether we are not below another policy, or certainly above it. */
function aboveRow(runs: readonly Run[], policy: string, bound: 'upper' | 'lower'): Row {
  const difference = paired(runs, 'plain', policy, 'accuracy')
  return row(
    `accuracy above ${policy}, ${bound} 95 % bound (${percent(difference)})`,
    100 * difference[bound],
    'points',
    ['≥', 0]
  )
}

function belowCeiling(
  runs: readonly Run[],
  scenario: string,
  measure: 'accuracy' | 'balancedAccuracy',
  within: number
): Row {
  // People who answer wrongly cost the ceiling as much: what is held against is a ceiling of right answers.
  const against =
    scenario === 'wrong answers' && runs.some((run) => run.scenario === 'plain') ? 'plain' : scenario
  const ours = mean(lastOf(runs, scenario, OURS.name).map((round) => round[measure]))
  const ceiling = mean(lastOf(runs, against, CEILING.name).map((round) => round[measure]))
  return row(
    `${scenario}: ${measure === 'accuracy' ? 'accuracy' : 'balanced accuracy'} below the ceiling (${share(ours)} of ${share(ceiling)})`,
    100 * (ceiling - ours),
    'points',
    ['≤', within]
  )
}

/** The round by which the loop is to have caught up with a camera that has changed. */
const CAUGHT_UP = CHANGED + 3

function driftRows(runs: readonly Run[], scenario: string): Row[] {
  const at = (policy: string, round: number) =>
    runs
      .filter((run) => run.scenario === scenario && run.policy === policy)
      .map(({ rounds }) => rounds[round - 1]!)
  const alarms = at(OURS.name, CHANGED).map(({ alarm }) => alarm)
  const noticed = alarms.filter((alarm) => alarm !== null)
  const after = noticed.length > 0 ? `, after ${Math.round(mean(noticed))} photos` : ''
  const accuracy = (policy: string) => mean(at(policy, CAUGHT_UP).map((round) => round.accuracy))
  return [
    row(
      `${scenario}: noticed within the round's 40 photos, ${noticed.length} of ${alarms.length}${after}`,
      (100 * noticed.length) / alarms.length,
      '%',
      ['≥', 100]
    ),
    row(
      `${scenario}: accuracy below the ceiling three rounds later (${share(accuracy(OURS.name))} of ${share(accuracy(CEILING.name))})`,
      100 * (accuracy(CEILING.name) - accuracy(OURS.name)),
      'points',
      ['≤', 1]
    ),
  ]
}

/** Where nothing has happened to the camera, or nothing that costs accuracy. */
function falseAlarmRow(runs: readonly Run[]): Row {
  const rounds = runs
    .filter(({ policy }) => policy === OURS.name)
    .flatMap(({ scenario, rounds }) =>
      ['blur', 'rotation'].includes(scenario) ? rounds.slice(0, CHANGED - 1) : rounds
    )
  const alarmed = rounds.filter(({ alarm }) => alarm !== null).length
  return row(
    `alarms without a cause, ${alarmed} in ${rounds.length} rounds`,
    (100 * alarmed) / rounds.length,
    '%',
    ['≤', 1]
  )
}

function harmRow(runs: readonly Run[]): Row {
  const rounds = runs.filter(({ policy }) => policy === OURS.name).flatMap((run) => run.rounds)
  const harmful = rounds.filter(({ change }) => change < -HARM)
  return row(
    `promotions that lower hidden accuracy by more than half a point, ${harmful.length} in ${rounds.length} rounds`,
    (100 * harmful.length) / rounds.length,
    '%',
    ['≤', 2]
  )
}

function calibrationRow(runs: readonly Run[]): Row {
  // A camera that has changed shows what no model was calibrated on.
  const rounds = runs
    .filter(
      ({ policy, scenario }) =>
        policy === OURS.name && ['plain', 'wrong answers', 'imbalance'].includes(scenario)
    )
    .flatMap((run) => run.rounds)
    .filter(({ labels }) => labels >= 60)
  return row(
    `log loss above that at the best temperature, ${rounds.length} rounds with 60 labels and more`,
    mean(rounds.map(({ logLoss, bestLogLoss }) => logLoss - bestLogLoss)),
    'nats',
    ['≤', 0.01]
  )
}

const lastOf = (runs: readonly Run[], scenario: string, policy: string): Round[] =>
  runs.filter((run) => run.scenario === scenario && run.policy === policy).map(({ rounds }) => rounds.at(-1)!)

/** Ours minus another policy's, seed by seed. */
function paired(runs: readonly Run[], scenario: string, policy: string, measure: 'accuracy' | 'logLoss') {
  const of = (name: string) =>
    new Map(
      runs
        .filter((run) => run.scenario === scenario && run.policy === name)
        .map(({ seed, rounds }) => [seed, rounds.at(-1)![measure]])
    )
  const theirs = of(policy)
  const differences = [...of(OURS.name)].map(([seed, value]) => value - theirs.get(seed)!)
  const middle = mean(differences)
  const squares = differences.reduce((sum, each) => sum + (each - middle) ** 2, 0)
  const error = Math.sqrt(squares / (differences.length - 1) / differences.length)
  // Student's t for 95 %, both sides, is between 2.26 for 10 seeds and 1.96 for many.
  const [lower, upper] = [middle - 2.26 * error, middle + 2.26 * error]
  return { mean: middle, lower, upper, text: `${lower.toFixed(4)} to ${upper.toFixed(4)}` }
}

const percent = ({ mean, lower, upper }: ReturnType<typeof paired>) =>
  `${(100 * mean).toFixed(2)}, ${(100 * lower).toFixed(2)} to ${(100 * upper).toFixed(2)}`
const share = (value: number) => `${(100 * value).toFixed(2)} %`
