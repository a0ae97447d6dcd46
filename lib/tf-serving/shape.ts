/** A shape as messages show it: `[2,3]`, `[?]` where the rank is unknown. */
export function shapeText(shape: readonly number[] | null): string {
  return shape === null ? '[?]' : `[${shape.join(',')}]`
}

/** Whether a tensor of that shape is what was described: same rank, and same size wherever one is given. */
export function fits(shape: readonly number[], described: readonly number[] | null): boolean {
  if (described === null) return true
  return shape.length === described.length && described.every((size, i) => size === -1 || size === shape[i])
}

/** How many values there are in a tensor. */
export function valuesIn(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}
