/**
 * Per-feature location and scale of the training samples.
 * @module
 */

/** How many samples' worth of belief says that all features vary alike. Measured: best with few labels, harmless with many. */
const SHRINKAGE = 100
/** Smallest variance, as a share of the mean variance: a feature that never moved must not explode when it does. */
const FLOOR = 1e-6

export interface FeatureScale {
  /** D */
  mean: Float64Array
  /** D, > 0 */
  scale: Float64Array
}

/**
 * Mean and shrunken scale √((n·var + 100·mean var)/(n + 100)) of each of D features over n rows, each row counting
 * once; var is the population variance, mean var its mean over features.
 */
export function measureScale(rows: readonly Float32Array[], shrinkage = SHRINKAGE): FeatureScale {
  const n = rows.length
  const dimensions = rows[0]?.length ?? 0
  const mean = new Float64Array(dimensions)
  for (const row of rows) for (let d = 0; d < dimensions; d++) mean[d]! += row[d]! / n
  const variance = new Float64Array(dimensions)
  for (const row of rows) {
    for (let d = 0; d < dimensions; d++) {
      const delta = row[d]! - mean[d]!
      variance[d]! += (delta * delta) / n
    }
  }
  let meanVariance = 0
  for (const value of variance) meanVariance += value / dimensions
  // All rows alike, or one row: nothing is known about the scale, so it is left as it is.
  if (!(meanVariance > 0)) return { mean, scale: new Float64Array(dimensions).fill(1) }
  const scale = variance.map((value) =>
    Math.sqrt(Math.max((n * value + shrinkage * meanVariance) / (n + shrinkage), FLOOR * meanVariance))
  )
  return { mean, scale }
}
