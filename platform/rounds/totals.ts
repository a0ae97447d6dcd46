import type { Totals } from '../../lib/edge-status/index.ts'
import type { Platform } from '../platform.ts'
import { waitFor } from './wait.ts'

/** An edge as far as the rounds care. */
export interface EdgeState {
  totals: Totals
  /** Events that a function still has to take. */
  waiting: number
  online: boolean
}

/** What each edge has done so far. */
export async function readEdges({ edges }: Platform): Promise<EdgeState[]> {
  return Promise.all(
    edges.map(async (edge) => {
      const { totals, spool } = await edge.status()
      const waiting = Object.values(spool).reduce((sum, count) => sum + count, 0)
      return { totals, waiting, online: edge.online }
    })
  )
}

/** What all edges have done so far; waits for one that does not answer now, because it is being restarted. */
export async function readTotals(platform: Platform, signal: AbortSignal): Promise<Totals> {
  const edges = await waitFor(() => readEdges(platform).catch(() => undefined), signal)
  return sum(edges.map(({ totals }) => totals))
}

export function sum(list: readonly Totals[]): Totals {
  return list.reduce((sum, totals) => {
    const added = Object.entries(sum).map(([key, value]) => [key, value + totals[key as keyof Totals]])
    return Object.fromEntries(added) as Totals
  })
}

/**
 * Every photo that an edge has captured has its outcome; and nothing waits any more, where the cloud is in reach: what
 * could not be uploaded is a dead letter by then.
 */
export function isSettled({ totals, waiting, online }: EdgeState): boolean {
  return totals.captured === decidedOf(totals) && (!online || waiting === 0)
}

/** How many photos have their outcome. */
export function decidedOf({ accepted, review, rejected, deadLettered }: Totals): number {
  return accepted + review + rejected + deadLettered
}
