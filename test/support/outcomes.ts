import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Totals } from '../../lib/edge-status/index.ts'

export interface SettledOptions {
  /** What the edge is called in messages. */
  name: string
  /** Undefined while the edge does not answer. */
  totals(): Promise<Totals | undefined>
  /** So long nothing may change while something is still on its way, in milliseconds. */
  stuckMs: number
}

/** Waits until every photo of an edge has its outcome, and every sample is in the bucket. */
export async function settled({ name, totals, stuckMs }: SettledOptions): Promise<Totals> {
  let before = ''
  let changed = performance.now()
  for (;;) {
    const now = await totals()
    if (now) {
      if (now.captured === decidedOf(now) && now.uploaded === now.accepted + now.review) return now
      const text = JSON.stringify(now)
      if (text !== before) changed = performance.now()
      before = text
    }
    if (performance.now() - changed > stuckMs) throw new Error(`${name} is stuck: ${before}`)
    await sleep(200)
  }
}

/** How many photos have their outcome. */
export function decidedOf({ accepted, review, rejected, deadLettered }: Totals): number {
  return accepted + review + rejected + deadLettered
}

const decision = z.object({ outcome: z.enum(['accepted', 'review', 'rejected', 'dead']) })

/**
 * What an edge has decided about a photo.
 * @throws Error where it has not
 */
export async function outcomeOf(
  gateway: string,
  photo: string
): Promise<z.infer<typeof decision>['outcome']> {
  const response = await fetch(`${gateway}/decisions/${photo}`)
  if (response.status !== 200) throw new Error(`${photo}: ${response.status}`)
  return decision.parse(await response.json()).outcome
}
