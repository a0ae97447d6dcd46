import type { Totals } from '../../agent/index.ts'
import type { Platform } from '../platform.ts'
import { waitFor } from './wait.ts'

/** What each edge has done so far. */
export async function readTotalsByEdge({ edges }: Platform): Promise<{ totals: Totals; online: boolean }[]> {
  return Promise.all(
    edges.map(async (edge) => ({ totals: (await edge.status()).totals, online: edge.online }))
  )
}

/** What all edges have done so far; waits for one that does not answer now, because it is being restarted. */
export async function readTotals(platform: Platform, signal: AbortSignal): Promise<Totals> {
  const edges = await waitFor(() => readTotalsByEdge(platform).catch(() => undefined), signal)
  return sum(edges.map(({ totals }) => totals))
}

export function sum(list: readonly Totals[]): Totals {
  return list.reduce((sum, totals) => {
    const added = Object.entries(sum).map(([key, value]) => [key, value + totals[key as keyof Totals]])
    return Object.fromEntries(added) as Totals
  })
}

/** Every photo that an edge has captured has its outcome; and every sample is in the bucket, where it can be. */
export function isSettled(totals: Totals, online: boolean): boolean {
  const { accepted, review, rejected, deadLettered, uploaded } = totals
  const decided = accepted + review + rejected + deadLettered
  return totals.captured === decided && (!online || uploaded === accepted + review)
}
