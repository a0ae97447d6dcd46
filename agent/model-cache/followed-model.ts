/** Something of one model that the cache follows: a channel, or versions by their numbers. */
export interface FollowedModel {
  /** What is followed, for whoever reads why it is not there: `photos@stable`. */
  name: string
  model: string
  /** Finds what an earlier process left, as far as it is still whole. */
  restore(): Promise<void>
  /**
   * Looks at the registry, and fetches what is wanted and not there.
   *
   * @throws EdgeloopError what keeps it from being there
   */
  look(): Promise<void>
  /** The version that is wanted most, as far as this node knows; null before the first. */
  wanted(): number | null
  /** The one that functions are offered for it. */
  offered(): number | null
  /** Versions that must stay in the cache. */
  keeps(): readonly number[]
  /** Versions that are wanted, and not there yet. */
  lacks(): readonly number[]
}
