/**
 * How much each sample counts.
 * @module
 */

/**
 * Scales weights so that each class has the same total and the sum stays what it was, as scikit-learn's
 * `class_weight='balanced'` does. Classes without weight stay without.
 * @param weights N weights ≥ 0
 * @param targets N class indices
 */
export function balanceClasses(
  weights: Float64Array,
  targets: ArrayLike<number>,
  classes: number
): Float64Array {
  const totals = new Float64Array(classes)
  for (let i = 0; i < weights.length; i++) totals[targets[i]!]! += weights[i]!
  const present = totals.filter((total) => total > 0).length
  const sum = totals.reduce((a, b) => a + b, 0)
  return weights.map((weight, i) => (weight > 0 ? (weight * sum) / (present * totals[targets[i]!]!) : 0))
}
