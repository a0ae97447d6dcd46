import type { UsualDistance } from '../novelty/index.ts'

/** So many of an edge's latest photos are looked at together. */
const DRIFT_WINDOW = 40
/** Fewer say nothing, however far they are. */
const FEWEST = 10
/**
 * Standard errors beyond which it is no chance. Of 120 windows of good photos none was beyond 3.1 with 100 known photos, nor beyond 2.5
 * with 50 or 2.1 with 20; nearly all windows of blurred and of turned ones were beyond 4, but for those where 50 photos or fewer were known.
 */
const SURE = 4

/** What the latest photos of an edge say about its camera. */
interface Drift {
  /** Photos that were looked at. */
  photos: number
  /** Their mean distance from what the model knows. */
  distance: number
  /** By how many standard errors that is more than usual. */
  deviation: number
  drifting: boolean
}

/**
 * Whether a camera shows something else than what its model knows: whether its latest photos are further away, on average, than
 * photos of the labels usually are. It takes no labels, and notices what moves all photos a little before any of them looks foreign.
 *
 * @param distances of the latest photos that the same model version saw, the newest last
 */
export function judgeDrift(distances: readonly number[], usual: UsualDistance): Drift {
  const latest = distances.slice(-DRIFT_WINDOW)
  const photos = latest.length
  const distance = photos === 0 ? usual.mean : latest.reduce((sum, each) => sum + each, 0) / photos
  // Both means are estimates: the usual one, too, comes from so many photos only.
  const error = usual.deviation * Math.sqrt(1 / Math.max(photos, 1) + 1 / usual.photos)
  const deviation = error > 0 ? (distance - usual.mean) / error : 0
  return { photos, distance, deviation, drifting: photos >= FEWEST && deviation > SURE }
}
