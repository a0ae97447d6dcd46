import { EdgeloopError } from '../../lib/errors/index.ts'
import type { FolderPhoto } from '../../platform/photo-folder/index.ts'
import { type Change, looksOf } from './looks.ts'
import { OURS, POLICIES, type Policy } from './policies.ts'
import { type Round, replay } from './replay.ts'
import { SCENARIOS, type Scenario } from './scenario.ts'
import { drawStreams, type Looks } from './streams.ts'

/** A policy's rounds in a scenario. */
export interface Run {
  scenario: string
  policy: string
  seed: number
  rounds: Round[]
}

/** What is replayed where: the other policies matter where nothing is the matter with the camera. */
export function policiesFor({ name }: Scenario): readonly Policy[] {
  return name === 'plain' ? POLICIES : POLICIES.filter(({ name }) => COMPARED.has(name))
}
const COMPARED = new Set(['edgeloop', 'everything labelled', 'random labels'])

/** The looks that scenarios need. */
export async function gatherLooks(
  photos: readonly FolderPhoto[],
  scenarios: readonly Scenario[]
): Promise<Looks> {
  const changes = new Set<Change>(['none', ...scenarios.flatMap(({ change }) => (change ? [change.to] : []))])
  const looks = new Map()
  for (const change of changes) {
    const seen = await looksOf(photos, change)
    looks.set(change, new Map(photos.map(({ hash }, i) => [hash, seen[i]!])))
  }
  return looks
}

/** Replays all policies with one seed: ours first, because others may ask about as many photos. */
export async function runSeed(
  photos: readonly FolderPhoto[],
  looks: Looks,
  scenario: Scenario,
  seed: number
): Promise<Run[]> {
  const streams = drawStreams(photos, looks, scenario, seed)
  const runs: Run[] = []
  let budgets: number[] = []
  for (const policy of policiesFor(scenario)) {
    const rounds = await replay(policy, scenario, streams, seed, budgets)
    if (policy === OURS) budgets = rounds.map(({ asked }) => asked)
    runs.push({ scenario: scenario.name, policy: policy.name, seed, rounds })
  }
  return runs
}

export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name)
  if (found) return found
  throw new EdgeloopError('INVALID_INPUT', `there is no scenario "${name}"`, {
    where: '--scenarios',
    hint: `name some of: ${SCENARIOS.map(({ name }) => name).join(', ')}`,
  })
}
