/** The cosine of the angle between two feature vectors, −1 to 1; 0 where one of them is zero. Lengths must agree. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let product = 0
  let lengthA = 0
  let lengthB = 0
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!
    lengthA += a[i]! * a[i]!
    lengthB += b[i]! * b[i]!
  }
  const lengths = Math.sqrt(lengthA) * Math.sqrt(lengthB)
  // Rounding may carry it a hair past 1.
  return lengths === 0 ? 0 : Math.max(-1, Math.min(1, product / lengths))
}
