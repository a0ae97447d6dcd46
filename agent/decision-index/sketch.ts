import { createRandom } from '../../lib/random/index.ts'

/** Bits of a sketch. */
export const SKETCH_BITS = 256
/** Features that each bit compares with as many others. */
const COMPARED = 24

/** By the number of features: for each bit, which of them are added and which are taken away. */
const plans = new Map<number, Uint32Array[]>()

/**
 * A sketch of features: two that point in nearly the same direction differ in few bits (Charikar, "Similarity Estimation
 * Techniques from Rounding Algorithms", 2002). Each bit says whether some features are larger than others, so that what all
 * photos have in common counts little. The same features give the same sketch on every machine.
 *
 * @param features of any one backbone: sketches of different ones have nothing in common
 * @returns 64 lowercase hex digits
 */
export function sketchOf(features: Float32Array): string {
  const plan = planFor(features.length)
  const bytes = new Uint8Array(SKETCH_BITS / 8)
  for (let bit = 0; bit < SKETCH_BITS; bit++) {
    const chosen = plan[bit]!
    let sum = 0
    for (let i = 0; i < COMPARED; i++) sum += features[chosen[i]!]! - features[chosen[i + COMPARED]!]!
    if (sum > 0) bytes[bit >> 3]! |= 0x80 >> (bit & 7)
  }
  return Buffer.from(bytes).toString('hex')
}

function planFor(length: number): Uint32Array[] {
  const known = plans.get(length)
  if (known) return known
  const random = createRandom('sketch')
  const plan = Array.from({ length: SKETCH_BITS }, () =>
    Uint32Array.from({ length: 2 * COMPARED }, () => random.integer(length))
  )
  plans.set(length, plan)
  return plan
}
