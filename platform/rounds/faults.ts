import { setTimeout as sleep } from 'node:timers/promises'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { Platform } from '../platform.ts'
import type { Service } from '../service/index.ts'
import type { RunEvent } from './report.ts'

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

/** How long what was killed stays away, in milliseconds. */
const DOWN_MS = 1000

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

/** Carries a plan out, round by round. */
export interface Faults {
  /** Cuts what is to be cut from this round on. */
  beginRound(round: number): void
  /** Kills and restarts edges and gateway; resolves when they are back. */
  midRound(round: number): Promise<void>
  /** Kills the trainer as soon as it trains, or when learning is over without that; resolves when it is back. */
  whileTraining(round: number, learning: Promise<unknown>): Promise<void>
  /** Heals what was cut up to this round. */
  endRound(round: number): void
  /** Heals everything. */
  end(): void
}

/** @throws EdgeloopError INVALID_INPUT when the plan names what the platform does not have */
export function createFaults(
  platform: Platform,
  { cuts, kills }: FaultPlan,
  onEvent: (event: RunEvent) => void
): Faults {
  const services = new Map<string, Service>([
    ...platform.edges.map((edge) => [edge.name, edge] as const),
    ...Object.entries(platform.services),
  ])
  const edges = new Map(platform.edges.map((edge) => [edge.name, edge]))
  const named = <T>(things: ReadonlyMap<string, T>, name: string): T => {
    const found = things.get(name)
    if (found) return found
    throw new EdgeloopError('INVALID_INPUT', `there is no ${name} here`, {
      hint: `there are: ${[...things.keys()].join(', ')}`,
    })
  }
  for (const { edge } of cuts) named(edges, edge)
  for (const { target } of kills) named(services, target)

  async function killAndRestart(service: Service): Promise<void> {
    await service.kill()
    onEvent({ event: 'killed', target: service.name })
    await sleep(DOWN_MS)
    await service.restart()
    onEvent({ event: 'restarted', target: service.name })
  }

  const healAll = (due: (cut: Cut) => boolean) => {
    for (const cut of cuts.filter(due)) {
      const edge = named(edges, cut.edge)
      if (edge.online) continue
      edge.heal()
      onEvent({ event: 'healed', edge: edge.name })
    }
  }
  const killsIn = (round: number, trainer: boolean) =>
    kills.filter((kill) => kill.round === round && (kill.target === 'trainer') === trainer)

  return {
    beginRound(round) {
      for (const { edge } of cuts.filter(({ from }) => from === round)) {
        named(edges, edge).cut()
        onEvent({ event: 'cut', edge })
      }
    },
    async midRound(round) {
      await Promise.all(killsIn(round, false).map(({ target }) => killAndRestart(named(services, target))))
    },
    async whileTraining(round, learning) {
      if (killsIn(round, true).length === 0) return
      let stop = () => {}
      const training = new Promise<void>((resolve) => {
        stop = platform.onEvent(({ type }) => {
          if (type === 'retrain.progress') resolve()
        })
      })
      await Promise.race([training, learning.catch(() => {})]).finally(stop)
      await killAndRestart(platform.services.trainer)
    },
    endRound: (round) => healAll(({ to }) => to <= round),
    end: () => healAll(() => true),
  }
}
