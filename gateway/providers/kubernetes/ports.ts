import { EdgeloopError } from '../../../lib/errors/index.ts'

/** Ports at 127.0.0.1 of nodes, the first and the last included. */
export interface PortRange {
  first: number
  last: number
}

export const PORTS: PortRange = { first: 20_000, last: 21_999 }

/**
 * Gives out ports one after the other, so that one that has been given back is not used again at once: an edge out of
 * reach may still run the function that had it.
 */
export function createPortAllocator({ first, last }: PortRange): (used: ReadonlySet<number>) => number {
  let next: number | undefined
  return (used) => {
    const size = last - first + 1
    const inRange = [...used].filter((port) => port >= first && port <= last)
    const begin = next ?? (inRange.length > 0 ? Math.max(...inRange) + 1 : first)
    for (let step = 0; step < size; step++) {
      const port = first + ((begin - first + step) % size)
      if (used.has(port)) continue
      next = port + 1
      return port
    }
    throw new EdgeloopError('INVALID_INPUT', `all ${size} ports for functions at edges are taken`, {
      where: `${first}–${last}`,
      hint: 'remove functions that nobody needs',
    })
  }
}
