import { randomInt } from 'node:crypto'
import { EdgeloopError } from '../../../lib/errors/index.ts'

/** Ports at 127.0.0.1 of nodes, the first and the last included. */
export interface PortRange {
  first: number
  last: number
}

export const PORTS: PortRange = { first: 20_000, last: 21_999 }

/**
 * Gives out ports one after the other, so that one that has been given back is not used again at once: an edge out of
 * reach may still run the function that had it. Nobody remembers these over a restart, so each begins somewhere else.
 *
 * @param begin the first one to be tried, counted from the first of the range
 */
export function createPortAllocator(
  { first, last }: PortRange,
  begin = randomInt(last - first + 1)
): (used: ReadonlySet<number>) => number {
  const size = last - first + 1
  let next = begin
  return (used) => {
    for (let step = 0; step < size; step++) {
      const offset = (next + step) % size
      if (used.has(first + offset)) continue
      next = offset + 1
      return first + offset
    }
    throw new EdgeloopError('INVALID_INPUT', `all ${size} ports for functions at edges are taken`, {
      where: `${first}–${last}`,
      hint: 'remove functions that nobody needs',
    })
  }
}
