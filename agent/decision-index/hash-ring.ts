export interface Near {
  sequence: number
  /** Differing bits, 0 to 64. */
  distance: number
}

/** The number of ones in 32 bits, by adding neighbouring fields of 1, 2, 4 and 8 bits. */
function ones(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555)
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

const split = (hash: string): [number, number] => [
  Number.parseInt(hash.slice(0, 8), 16),
  Number.parseInt(hash.slice(8), 16),
]

/**
 * The last `capacity` perceptual hashes in flat arrays: 16 bytes each. Looking at every one of them is faster than any
 * tree at these numbers, because photos that are alike are rarely close in any order.
 */
export function createHashRing(capacity: number) {
  const high = new Uint32Array(capacity)
  const low = new Uint32Array(capacity)
  const sequences = new Float64Array(capacity)
  let added = 0

  return {
    /** `perceptualHash`: 16 hex digits. */
    add(sequence: number, perceptualHash: string) {
      const place = added++ % capacity
      const [first, second] = split(perceptualHash)
      high[place] = first
      low[place] = second
      sequences[place] = sequence
    },

    /** Those at most `maxDistance` away: the nearest first, of equally near ones the latest. */
    *nearest(perceptualHash: string, maxDistance: number): Generator<Near> {
      const [first, second] = split(perceptualHash)
      const filled = Math.min(added, capacity)
      const distances = new Uint8Array(filled)
      const having = new Uint32Array(65)
      for (let i = 0; i < filled; i++) {
        const distance = ones(high[i]! ^ first) + ones(low[i]! ^ second)
        distances[i] = distance
        having[distance]!++
      }
      // Sorted by looking once more for each distance that occurs: a still camera has thousands of equally near ones, of
      // which the caller wants a few.
      for (let distance = 0; distance <= Math.min(maxDistance, 64); distance++) {
        for (let left = having[distance]!, back = 1; left > 0; back++) {
          const place = (added - back) % capacity
          if (distances[place] !== distance) continue
          left--
          yield { sequence: sequences[place]!, distance }
        }
      }
    },
  }
}
