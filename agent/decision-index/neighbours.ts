import { decodeFloat16 } from '../../lib/float16/index.ts'
import { alignment, hammingDistance } from '../../lib/photo/index.ts'
import type { createHashRing } from './hash-ring.ts'
import { checkPerceptualHash, type IndexTables } from './records.ts'
import { cosine } from './similarity.ts'
import { sketchOf } from './sketch.ts'
import type { DecisionIndex, Neighbour } from './types.ts'

type Ring = ReturnType<typeof createHashRing>

/** Photos whose features point elsewhere are not laid over each other, and of the others only the nearest: that costs half a millisecond. */
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

    function compare(photo: string): Pick<Candidate, 'similarity' | 'thumbnail'> {
      const other = wanted && tables.features.get(photo)
      const isComparable = other && !(backbone && other.backbone && backbone !== other.backbone)
      const decoded = isComparable && decodeFloat16(other.bytes)
      if (!decoded || decoded.length !== wanted.length) return { similarity: null, thumbnail: null }
      return { similarity: cosine(wanted, decoded), thumbnail: other.thumbnail }
    }

    function find(sequence: number): Candidate | undefined {
      const recent = tables.recent.get(sequence)
      if (!recent?.perceptualHash || recent.photo === except) return undefined
      const { photo } = recent
      const distance = hammingDistance(recent.perceptualHash, perceptualHash)
      return { photo, sequence, distance, ...compare(photo), alignment: null }
    }

    const alike = new Map<number, Candidate>()
    for (const { sequence } of rings.pictures.nearest(perceptualHash, maxDistance)) {
      if (alike.size >= limit) break
      const candidate = find(sequence)
      if (candidate) alike.set(sequence, candidate)
    }
    const parts: Candidate[] = []
    let sought = 0
    for (const { sequence } of wanted ? rings.sketches.nearest(sketchOf(wanted), SKETCH_DISTANCE) : []) {
      if (sought++ >= limit) break
      const candidate = alike.has(sequence) ? undefined : find(sequence)
      if (candidate) parts.push(candidate)
    }

    const [nearest] = [...alike.values(), ...parts]
      .filter((each) => each.thumbnail && (each.similarity ?? 0) >= WORTH_ALIGNING)
      .sort((a, b) => b.similarity! - a.similarity!)
    if (thumbnail && nearest) nearest.alignment = alignment(thumbnail, nearest.thumbnail!)
    return [...alike.values(), ...parts.filter((part) => part.alignment !== null)].map(
      ({ thumbnail: _thumbnail, ...neighbour }) => neighbour
    )
  }
}

/** A neighbour with what it takes to compare it further. */
type Candidate = Neighbour & { thumbnail: Uint8Array | null }
