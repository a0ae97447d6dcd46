import { binomialBounds } from '../labelling/index.ts'

/** So many of an edge's latest photos are looked at together. */
export const DRIFT_WINDOW = 40

/** A model finds at most such a share of good photos foreign: 0.05 by its threshold, more where it knows few. */
const TOLERATED = 0.1
/** How certain it has to be that the share is larger: the question is asked again with each photo. */
const CERTAINTY = 0.9999

/** What the latest photos of an edge say about its camera. */
export interface Drift {
  /** Photos that were looked at. */
  photos: number
  /** Of these, those that the model finds foreign. */
  foreign: number
  /** So large at least is the share of foreign photos, with a certainty of 0.9999; 0 to 1. */
  lower: number
  drifting: boolean
}

/**
 * Drifts when it is all but certain that more than a tenth of the photos are foreign: 13 of the last 40, or 5 of the first 5.
 *
 * @param foreign of the latest photos that the same model version saw, whether each lies beyond the version's threshold
 */
export function judgeDrift(foreign: readonly boolean[]): Drift {
  const latest = foreign.slice(-DRIFT_WINDOW)
  const hits = latest.filter(Boolean).length
  const { lower } = binomialBounds(hits, latest.length, CERTAINTY)
  return { photos: latest.length, foreign: hits, lower, drifting: lower > TOLERATED }
}
