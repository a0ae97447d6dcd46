/**
 * The two inner loops of training. They take four rows at a time: each weight is then loaded once for four products,
 * and the four sums need not wait for each other.
 * @module
 */

export const BLOCK = 4

/** out[j] = start + vector · rows[j] for four rows. */
export function dotBlock(
  vector: Float64Array,
  rows: readonly Float32Array[],
  start: number,
  out: Float64Array
): void {
  const [r0, r1, r2, r3] = rows as [Float32Array, Float32Array, Float32Array, Float32Array]
  let s0 = start
  let s1 = start
  let s2 = start
  let s3 = start
  for (let d = 0; d < vector.length; d++) {
    const weight = vector[d]!
    s0 += weight * r0[d]!
    s1 += weight * r1[d]!
    s2 += weight * r2[d]!
    s3 += weight * r3[d]!
  }
  out[0] = s0
  out[1] = s1
  out[2] = s2
  out[3] = s3
}

/** target += Σ factors[j] · rows[j] over four rows. */
export function accumulateBlock(
  target: Float64Array,
  rows: readonly Float32Array[],
  factors: Float64Array
): void {
  const [r0, r1, r2, r3] = rows as [Float32Array, Float32Array, Float32Array, Float32Array]
  const f0 = factors[0]!
  const f1 = factors[1]!
  const f2 = factors[2]!
  const f3 = factors[3]!
  for (let d = 0; d < target.length; d++) target[d]! += f0 * r0[d]! + f1 * r1[d]! + f2 * r2[d]! + f3 * r3[d]!
}
