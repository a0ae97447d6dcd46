import { decodeFloat16 } from '../../lib/float16/index.ts'
import type { createHashRing } from './hash-ring.ts'
import { checkPerceptualHash, type IndexTables } from './records.ts'
import { cosine } from './similarity.ts'
import type { DecisionIndex } from './types.ts'

/** Looks for photos that are alike: by perceptual hash in memory, then by features for the few that are left. */
export function createNeighbours(
  tables: IndexTables,
  ring: ReturnType<typeof createHashRing>
): DecisionIndex['neighbours'] {
  return (perceptualHash, features, query = {}) => {
    const { limit = 5, maxDistance = 10, backbone, except } = query
    checkPerceptualHash(perceptualHash)
    const wanted = features ? decodeFloat16(features) : undefined

    function similarityTo(photo: string): number | null {
      const other = wanted && tables.features.get(photo)
      if (!other || (backbone && other.backbone && backbone !== other.backbone)) return null
      const decoded = decodeFloat16(other.bytes)
      return decoded.length === wanted.length ? cosine(wanted, decoded) : null
    }

    const neighbours = []
    for (const { sequence, distance } of ring.nearest(perceptualHash, maxDistance)) {
      if (neighbours.length >= limit) break
      const photo = tables.recent.get(sequence)?.photo
      if (photo === undefined || photo === except) continue
      const decision = tables.decisions.get(photo)
      if (!decision || decision.outcome === 'dead' || decision.sequence !== sequence) continue
      const { outcome } = decision
      neighbours.push({ photo, sequence, outcome, distance, similarity: similarityTo(photo) })
    }
    return neighbours
  }
}
