export interface Near {
  sequence: number
  /** Differing bits. */
  distance: number
}

/** Hashes that are sorted at a time: more than the caller wants. */
const FEW = 16

/** The number of ones in two times 32 bits, by adding neighbouring fields of 1, 2, 4 and 8 bits. */
function ones(a: number, b: number): number {
  const pairsA = a - ((a >>> 1) & 0x55555555)
  const pairsB = b - ((b >>> 1) & 0x55555555)
  const nibbles =
    (pairsA & 0x33333333) +
    ((pairsA >>> 2) & 0x33333333) +
    (pairsB & 0x33333333) +
    ((pairsB >>> 2) & 0x33333333)
  return Math.imul((nibbles & 0x0f0f0f0f) + ((nibbles >>> 4) & 0x0f0f0f0f), 0x01010101) >>> 24
}

/**
 * The last `capacity` hashes of so many bits in flat arrays. Looking at every one of them is faster than any tree at these numbers,
 * because photos that are alike are rarely close in any order.
 *
 * @param bits a multiple of 64
 */
export function createHashRing(capacity: number, bits: number) {
  const words = bits / 32
  const hashes = new Int32Array(capacity * words)
  const sequences = new Float64Array(capacity)
  /** Of the latest look. */
  const distances = new Uint16Array(capacity)
  let added = 0

  const split = (hash: string) =>
    Int32Array.from({ length: words }, (_, i) => Number.parseInt(hash.slice(8 * i, 8 * (i + 1)), 16))

  /** Fills in how far each hash is, by its place, and counts how many are so far. */
  function measure(wanted: Int32Array): Uint32Array {
    const having = new Uint32Array(bits + 1)
    for (let i = 0, at = 0; i < Math.min(added, capacity); i++) {
      let distance = 0
      for (let word = 0; word < words; word += 2)
        distance += ones(hashes[at++]! ^ wanted[word]!, hashes[at++]! ^ wanted[word + 1]!)
      distances[i] = distance
      having[distance]!++
    }
    return having
  }

  /** The latest first. */
  function between(from: number, to: number): Near[] {
    const found: Near[] = []
    for (let left = Math.min(added, capacity), place = added % capacity; left > 0; left--) {
      place = (place === 0 ? capacity : place) - 1
      const distance = distances[place]!
      if (distance >= from && distance <= to) found.push({ sequence: sequences[place]!, distance })
    }
    return found
  }

  return {
    /** `hash`: a hex digit for every four bits. */
    add(sequence: number, hash: string) {
      const place = added++ % capacity
      hashes.set(split(hash), place * words)
      sequences[place] = sequence
    },

    /**
     * Those at most `maxDistance` away: the nearest first, of equally near ones the latest. Take what you want before anything
     * is added or looked for again.
     */
    *nearest(hash: string, maxDistance: number): Generator<Near> {
      const having = measure(split(hash))
      const furthest = Math.min(maxDistance, bits)
      // The caller wants a few: so many distances at a time as hold a few hashes.
      for (let from = 0, to = 0; from <= furthest; from = to + 1) {
        to = from
        for (let few = having[to]!; few < FEW && to < furthest; ) few += having[++to]!
        yield* between(from, to).sort((a, b) => a.distance - b.distance)
      }
    },
  }
}
