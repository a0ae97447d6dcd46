import type { Totals } from '../../agent/index.ts'
import type { Platform } from '../platform.ts'

/** What all edges have done so far. */
export async function readTotals({ edges }: Platform): Promise<Totals> {
  const statuses = await Promise.all(edges.map((edge) => edge.status()))
  return statuses
    .map(({ totals }) => totals)
    .reduce((sum, totals) => {
      const added = Object.entries(sum).map(([key, value]) => [key, value + totals[key as keyof Totals]])
      return Object.fromEntries(added) as Totals
    })
}

/** Every captured photo has its outcome, and every sample is in the bucket. */
export function isSettled(totals: Totals): boolean {
  const { accepted, review, rejected, deadLettered, uploaded } = totals
  const decided = accepted + review + rejected + deadLettered
  return totals.captured === decided && uploaded === accepted + review
}
