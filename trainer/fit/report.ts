/**
 * What a training run tells about itself.
 * @module
 */
import type { Origin } from '../../lib/dataset/index.ts'
import type { Metrics } from './metrics.ts'
import type { FitParameters } from './parameters.ts'
import type { Sample } from './sample.ts'
import { countByLabel } from './select.ts'

export interface FitReport {
  parameters: FitParameters
  seed: number
  samples: {
    used: number
    dimensions: number
    byOrigin: Record<Origin, number>
    byLabel: Record<string, number>
    /** Pseudo-labels above the cap. */
    pseudoLeftOut: number
  }
  temperature: number
  /** Of models on photos held out from them, over people's labels; null when no class has two samples. */
  outOfFold: Metrics | null
  solver: { iterations: number; converged: boolean }
  seconds: { fit: number; outOfFold: number; total: number }
}

/** Counts of the samples used, out of those `given`. */
export function describeSamples(used: readonly Sample[], given: number): FitReport['samples'] {
  const byOrigin: Record<Origin, number> = { seed: 0, person: 0, audit: 0, pseudo: 0 }
  for (const { origin } of used) byOrigin[origin]++
  return {
    used: used.length,
    dimensions: used[0]?.features.length ?? 0,
    byOrigin,
    byLabel: Object.fromEntries(countByLabel(used)),
    pseudoLeftOut: given - used.length,
  }
}
