/**
 * Stratified folds.
 * @module
 */

/**
 * Deals N items into folds so that each class is spread evenly and the folds are of nearly equal size. An item whose
 * class has no other stays in training always (−1): without it, its fold could not learn the class.
 * @param targets Class indices, in the order in which to deal.
 * @returns N fold numbers, −1 or 0…folds−1.
 */
export function stratifiedFolds(targets: ArrayLike<number>, classes: number, folds: number): Int32Array {
  const assigned = new Int32Array(targets.length).fill(-1)
  let next = 0
  for (let k = 0; k < classes; k++) {
    const members: number[] = []
    for (let i = 0; i < targets.length; i++) if (targets[i] === k) members.push(i)
    if (members.length < 2) continue
    for (const i of members) assigned[i] = next++ % folds
  }
  return assigned
}
