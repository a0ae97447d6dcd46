import { EdgeloopError } from '../../lib/errors/index.ts'

/** An edge that is out of the cloud's reach from the start of one round to the end of another. */
export interface Cut {
  edge: string
  from: number
  to: number
}

/** A process that gets SIGKILL in the middle of a round, and is started again. */
export interface Kill {
  /** An edge's name, `gateway` or `trainer`. */
  target: string
  round: number
}

export interface FaultPlan {
  cuts: readonly Cut[]
  kills: readonly Kill[]
}

/** The cloud's processes that can be killed. */
const CLOUD = ['gateway', 'trainer']

/**
 * Reads `EDGE:FROM-TO` or `EDGE:ROUND`.
 * @throws EdgeloopError INVALID_INPUT
 */
export function parseCut(text: string): Cut {
  const match = /^([a-z0-9-]+):(\d+)(?:-(\d+))?$/.exec(text)
  const from = Number(match?.[2])
  const to = Number(match?.[3] ?? match?.[2])
  if (match && from >= 1 && to >= from) return { edge: match[1]!, from, to }
  throw new EdgeloopError('INVALID_INPUT', `"${text}" names no edge and rounds`, {
    where: '--cut',
    hint: 'write --cut edge-1:3-5',
  })
}

/**
 * Reads `TARGET:ROUND`.
 * @throws EdgeloopError INVALID_INPUT
 */
export function parseKill(text: string): Kill {
  const match = /^([a-z0-9-]+):(\d+)$/.exec(text)
  const round = Number(match?.[2])
  if (match && round >= 1) return { target: match[1]!, round }
  throw new EdgeloopError('INVALID_INPUT', `"${text}" names no process and round`, {
    where: '--kill',
    hint: 'write --kill edge-1:4, --kill gateway:4 or --kill trainer:4',
  })
}

/**
 * Nobody should wait for a fault that never comes.
 *
 * @param edges their names
 * @param rounds after so many the run ends
 * @throws EdgeloopError INVALID_INPUT when the plan names what there is not, or a round that does not come
 */
export function checkPlan({ cuts, kills }: FaultPlan, edges: readonly string[], rounds = Infinity): void {
  const check = (where: string, name: string, names: readonly string[], round: number) => {
    if (!names.includes(name))
      throw new EdgeloopError('INVALID_INPUT', `there is no ${name} here`, {
        where,
        hint: `there are: ${names.join(', ')}`,
      })
    if (round > rounds)
      throw new EdgeloopError('INVALID_INPUT', `round ${round} does not come: the run ends after ${rounds}`, {
        where,
        hint: `name an earlier round, or give --rounds ${round}`,
      })
  }
  for (const cut of cuts) check(`--cut ${textOfCut(cut)}`, cut.edge, edges, cut.from)
  for (const kill of kills) check(`--kill ${textOfKill(kill)}`, kill.target, [...edges, ...CLOUD], kill.round)
}

/** What of a plan has no effect in a run that goes on with a later round, as it was given. */
export function pastFaults({ cuts, kills }: FaultPlan, round: number): string[] {
  return [
    ...cuts.filter(({ to }) => to < round).map((cut) => `--cut ${textOfCut(cut)}`),
    ...kills.filter((kill) => kill.round < round).map((kill) => `--kill ${textOfKill(kill)}`),
  ]
}

const textOfCut = ({ edge, from, to }: Cut) => `${edge}:${from}-${to}`
const textOfKill = ({ target, round }: Kill) => `${target}:${round}`
