import { decodeFloat16 } from '../../lib/float16/index.ts'
import { type Alignable, alignable, alignment, hammingDistance } from '../../lib/photo/index.ts'
import type { createHashRing } from './hash-ring.ts'
import { checkPerceptualHash, type IndexTables } from './records.ts'
import { cosine } from './similarity.ts'
import { sketchOf } from './sketch.ts'
import type { DecisionIndex, Neighbour } from './types.ts'

type Ring = ReturnType<typeof createHashRing>

/** Photos whose features point elsewhere are not laid over each other: that costs a millisecond. */
const WORTH_ALIGNING = 0.6

/** Sketches in which fewer bits differ are worth a look at the features: at a cosine of 0.65 about 70 of 256 do. */
const SKETCH_DISTANCE = 84

/**
 * Looks for photos that are alike: by perceptual hash, which finds the same picture, and by a sketch of the features, which finds
 * parts of it, both in memory; then by features and thumbnails for the few that are left.
 */
export function createNeighbours(
  tables: IndexTables,
  rings: { pictures: Ring; sketches: Ring }
): DecisionIndex['neighbours'] {
  return (look, query = {}) => {
    const { perceptualHash, features, thumbnail } = look
    const { limit = 5, maxDistance = 10, backbone, except } = query
    checkPerceptualHash(perceptualHash)
    const wanted = features ? decodeFloat16(features) : undefined
    let own: Alignable | undefined

    function compare(photo: string): Pick<Neighbour, 'similarity' | 'alignment'> {
      const other = wanted && tables.features.get(photo)
      const isComparable = other && !(backbone && other.backbone && backbone !== other.backbone)
      const decoded = isComparable && decodeFloat16(other.bytes)
      if (!decoded || decoded.length !== wanted.length) return { similarity: null, alignment: null }
      const similarity = cosine(wanted, decoded)
      if (!thumbnail || !other.thumbnail || similarity < WORTH_ALIGNING)
        return { similarity, alignment: null }
      own ??= alignable(thumbnail)
      return { similarity, alignment: alignment(own, alignable(other.thumbnail)) }
    }

    function find(sequence: number, distance: number): Neighbour | undefined {
      const photo = tables.recent.get(sequence)?.photo
      if (photo === undefined || photo === except) return undefined
      const decision = tables.decisions.get(photo)
      if (!decision || decision.outcome === 'dead' || decision.sequence !== sequence) return undefined
      return { photo, sequence, outcome: decision.outcome, distance, ...compare(photo) }
    }

    const found = new Map<number, Neighbour>()
    for (const { sequence, distance } of rings.pictures.nearest(perceptualHash, maxDistance)) {
      if (found.size >= limit) break
      const neighbour = find(sequence, distance)
      if (neighbour) found.set(sequence, neighbour)
    }
    let sought = 0
    for (const { sequence } of wanted ? rings.sketches.nearest(sketchOf(wanted), SKETCH_DISTANCE) : []) {
      if (sought++ >= limit) break
      if (found.has(sequence)) continue
      const hash = tables.recent.get(sequence)?.perceptualHash
      const neighbour = hash ? find(sequence, hammingDistance(hash, perceptualHash)) : undefined
      if (neighbour?.alignment != null) found.set(sequence, neighbour)
    }
    return [...found.values()]
  }
}
