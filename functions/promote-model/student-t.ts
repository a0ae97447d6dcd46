/**
 * Student's t distribution.
 * @module
 */

/**
 * P(T ≤ t) with a whole number of degrees of freedom ≥ 1, by the finite series in the angle θ = atan(t/√ν)
 * (Abramowitz & Stegun, 26.7.3 and 26.7.4).
 */
export function studentT(t: number, freedom: number): number {
  const theta = Math.atan(t / Math.sqrt(freedom))
  const cosine = Math.cos(theta)
  const odd = freedom % 2 === 1
  let term = odd ? cosine : 1
  let sum = 0
  for (let k = odd ? 1 : 0; k <= freedom - 2; k += 2) {
    sum += term
    term *= ((k + 1) / (k + 2)) * cosine * cosine
  }
  const within = odd ? (2 / Math.PI) * (theta + Math.sin(theta) * sum) : Math.sin(theta) * sum
  return Math.min(1, Math.max(0, (1 + within) / 2))
}
