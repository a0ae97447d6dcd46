/** Bounds of a share; 0 to 1. */
export interface Interval {
  lower: number
  upper: number
}

/** Halvings of [0, 1] until a bound is exact to a double's digits. */
const HALVINGS = 53

/**
 * Exact bounds of a share of which a sample is known, after Clopper and Pearson (Biometrika 26, 1934, 404–413): each of
 * the two is one-sided and holds with `confidence` at least, both together with 2 · confidence − 1.
 *
 * @param hits 0 to `trials`
 * @param trials from 0, where nothing is known: 0 to 1
 */
export function binomialBounds(hits: number, trials: number, confidence = 0.9): Interval {
  const doubt = 1 - confidence
  return {
    // The shares below `lower` would give so many hits, or more, less often than `doubt`.
    lower: hits === 0 ? 0 : crossing((share) => 1 - atMost(hits - 1, trials, share) < doubt),
    upper: hits === trials ? 1 : crossing((share) => atMost(hits, trials, share) > doubt),
  }
}

/** Where a condition that holds for small shares ceases to hold. */
function crossing(holds: (share: number) => boolean): number {
  let low = 0
  let high = 1
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2
    if (holds(middle)) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** P(X ≤ hits) of a binomial distribution with 0 < share < 1; in logarithms, which do not underflow on the way. */
function atMost(hits: number, trials: number, share: number): number {
  const odds = Math.log(share) - Math.log1p(-share)
  let term = trials * Math.log1p(-share)
  let sum = Math.exp(term)
  for (let i = 0; i < hits; i++) {
    term += Math.log((trials - i) / (i + 1)) + odds
    sum += Math.exp(term)
  }
  return sum
}
