/**
 * Random numbers that a seed repeats, on every machine: whoever draws a split, a scene or a fold draws it from here.
 * Not for secrets.
 * @module
 */
import { createHash } from 'node:crypto'
import { EdgeloopError } from '../errors/index.ts'

export interface Random {
  /** Uniform in [0, 1), with 32 random bits. */
  next(): number
  /** A whole number in [0, below). */
  integer(below: number): number
  /** Uniform in [min, max). */
  between(min: number, max: number): number
  /** Normally distributed. */
  normal(mean?: number, deviation?: number): number
  /** True with this probability. */
  chance(probability: number): boolean
  /** One of the items; throws INVALID_INPUT when there is none. */
  pick<T>(items: readonly T[]): T
  /** The items in a new order, as a new array; every order is equally likely. */
  shuffle<T>(items: readonly T[]): T[]
  /**
   * Another generator that depends on this one's seed and the name only, not on what was drawn before. So that scene
   * 7 is the same whether or not scene 6 was drawn, and a new draw in one place moves nothing elsewhere.
   */
  fork(name: string | number): Random
}

/**
 * The generator sfc32 by Chris Doty-Humphrey (from PractRand, public domain): three words of state that mix, and a
 * counter that guarantees a period of at least 2^32.
 */
function sfc32(seed: string): () => number {
  const digest = createHash('sha256').update(seed).digest()
  let a = digest.readInt32LE(0)
  let b = digest.readInt32LE(4)
  let c = digest.readInt32LE(8)
  let counter = digest.readInt32LE(12)
  return () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
}

/**
 * Equal seeds give equal numbers.
 * @param seed any text or number; `7` and `'7'` are the same seed
 */
export function createRandom(seed: string | number): Random {
  const word = sfc32(String(seed))
  const next = () => word() / 2 ** 32
  const integer = (below: number) => Math.floor(next() * below)
  return {
    next,
    integer,
    between: (min, max) => min + (max - min) * next(),
    normal(mean = 0, deviation = 1) {
      // Box and Muller's transform; 1 - next() is in (0, 1], whose logarithm is finite.
      const radius = Math.sqrt(-2 * Math.log(1 - next()))
      return mean + deviation * radius * Math.cos(2 * Math.PI * next())
    },
    chance: (probability) => next() < probability,
    pick(items) {
      if (items.length === 0) throw new EdgeloopError('INVALID_INPUT', 'there is nothing to pick from')
      return items[integer(items.length)]!
    },
    shuffle(items) {
      // Fisher and Yates.
      const shuffled = [...items]
      for (let last = shuffled.length - 1; last > 0; last--) {
        const other = integer(last + 1)
        const moved = shuffled[last]!
        shuffled[last] = shuffled[other]!
        shuffled[other] = moved
      }
      return shuffled
    },
    fork: (name) => createRandom(`${seed}/${name}`),
  }
}
