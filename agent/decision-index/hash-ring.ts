export interface Near {
  sequence: number
  /** Differing bits. */
  distance: number
}

/** The number of ones in 32 bits, by adding neighbouring fields of 1, 2, 4 and 8 bits. */
function ones(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555)
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/**
 * The last `capacity` hashes of so many bits in flat arrays. Looking at every one of them is faster than any tree at these numbers,
 * because photos that are alike are rarely close in any order.
 *
 * @param bits a multiple of 32
 */
export function createHashRing(capacity: number, bits: number) {
  const words = bits / 32
  const hashes = new Uint32Array(capacity * words)
  const sequences = new Float64Array(capacity)
  let added = 0

  const split = (hash: string) =>
    Uint32Array.from({ length: words }, (_, i) => Number.parseInt(hash.slice(8 * i, 8 * (i + 1)), 16))

  return {
    /** `hash`: a hex digit for every four bits. */
    add(sequence: number, hash: string) {
      const place = added++ % capacity
      hashes.set(split(hash), place * words)
      sequences[place] = sequence
    },

    /** Those at most `maxDistance` away: the nearest first, of equally near ones the latest. */
    *nearest(hash: string, maxDistance: number): Generator<Near> {
      const wanted = split(hash)
      const filled = Math.min(added, capacity)
      const distances = new Uint16Array(filled)
      const having = new Uint32Array(bits + 1)
      for (let i = 0, at = 0; i < filled; i++) {
        let distance = 0
        for (let word = 0; word < words; word++) distance += ones(hashes[at++]! ^ wanted[word]!)
        distances[i] = distance
        having[distance]!++
      }
      // Sorted by looking once more for each distance that occurs: a still camera has thousands of equally near ones, of
      // which the caller wants a few.
      for (let distance = 0; distance <= Math.min(maxDistance, bits); distance++) {
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
