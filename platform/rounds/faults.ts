import { setTimeout as sleep } from 'node:timers/promises'
import type { Edge } from '../edge/index.ts'
import type { Platform } from '../platform.ts'
import type { Service } from '../service/index.ts'
import { checkPlan, type FaultPlan } from './fault-plan.ts'
import type { RunEvent } from './report.ts'
import { decidedOf } from './totals.ts'

/** How long what was killed stays away, in milliseconds. */
const DOWN_MS = 1000
/** How often is looked whether a round is in its middle: a photo takes some hundredths of a second. In milliseconds. */
const LOOK_MS = 5

/** Carries a plan out, round by round. */
export interface Faults {
  /** Cuts what is to be cut from this round on, or since an earlier one. */
  beginRound(round: number): void
  /**
   * Kills and restarts edges and gateway while photos of the round are captured and undecided; resolves when they are
   * back.
   * @param showing settles when all photos are on the edges' disks
   */
  midRound(round: number, showing: Promise<unknown>): Promise<void>
  /** Kills the trainer as soon as it trains, or when learning is over without that; resolves when it is back. */
  whileTraining(round: number, learning: Promise<unknown>): Promise<void>
  /** Heals what is not to be cut in the next round, either. */
  endRound(round: number): void
  /** Heals everything that the plan has cut. */
  end(): void
}

/**
 * Acts on the plan's own changes only: an edge that somebody cuts or plugs in by hand stays as they want it.
 * @throws EdgeloopError INVALID_INPUT when the plan names what the platform does not have
 */
export function createFaults(
  platform: Pick<Platform, 'edges' | 'services' | 'onEvent'>,
  plan: FaultPlan,
  onEvent: (event: RunEvent) => void,
  signal: AbortSignal
): Faults {
  const { edges } = platform
  checkPlan(
    plan,
    edges.map(({ name }) => name)
  )
  const services = new Map<string, Service>([
    ...edges.map((edge) => [edge.name, edge] as const),
    ...Object.entries(platform.services),
  ])
  /** The edges that are cut because the plan says so. */
  const cutByPlan = new Set<Edge>()

  const covers = (edge: Edge, round: number) =>
    plan.cuts.some(({ edge: name, from, to }) => name === edge.name && from <= round && round <= to)

  function cutFor(round: number): void {
    for (const edge of edges) {
      if (cutByPlan.has(edge) || !covers(edge, round)) continue
      cutByPlan.add(edge)
      if (!edge.online) continue
      edge.cut()
      onEvent({ event: 'cut', edge: edge.name })
    }
  }

  function healBefore(round: number): void {
    for (const edge of [...cutByPlan]) {
      if (covers(edge, round)) continue
      cutByPlan.delete(edge)
      if (edge.online) continue
      edge.heal()
      onEvent({ event: 'healed', edge: edge.name })
    }
  }

  async function killAndRestart(service: Service): Promise<void> {
    await service.kill()
    onEvent({ event: 'killed', target: service.name, planned: true })
    await sleep(DOWN_MS)
    await service.restart()
    onEvent({ event: 'restarted', target: service.name })
  }

  /** Resolves when one of the edges has photos that are captured and undecided; or when that will not be any more. */
  async function middle(watched: readonly Edge[], showing: Promise<unknown>): Promise<void> {
    let shown = false
    const seen = () => {
      shown = true
    }
    showing.then(seen, seen)
    for (;;) {
      signal.throwIfAborted()
      const last = shown
      const states = await Promise.all(watched.map((edge) => edge.status().catch(() => undefined)))
      if (states.some((state) => state && state.totals.captured > decidedOf(state.totals))) return
      // No photo came by these edges, or all were decided faster than anybody looks.
      if (last && states.every(Boolean)) return
      await sleep(LOOK_MS)
    }
  }

  const killsIn = (round: number, trainer: boolean) =>
    plan.kills.filter((kill) => kill.round === round && (kill.target === 'trainer') === trainer)

  return {
    beginRound: cutFor,
    async midRound(round, showing) {
      const kill = async ({ target }: { target: string }) => {
        const edge = edges.find(({ name }) => name === target)
        await middle(edge ? [edge] : edges, showing)
        await killAndRestart(services.get(target)!)
      }
      await Promise.all(killsIn(round, false).map(kill))
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
    endRound: (round) => healBefore(round + 1),
    end: () => healBefore(Number.POSITIVE_INFINITY),
  }
}
