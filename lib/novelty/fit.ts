/**
 * From photos that are known to what tells foreign ones apart.
 * @module
 */
import { EdgeloopError } from '../errors/index.ts'
import { directionFrom, distanceOf, type Novelty, type UsualDistance } from './novelty.ts'

export interface FitNoveltyRequest {
  /** N ≥ 3 photos of the labels, D raw features each. */
  known: readonly Float32Array[]
  /** Photos that show none of the labels, likewise. */
  foreign: readonly Float32Array[]
  /** The share of the known photos that may lie beyond the threshold, 0 to 1. */
  lost?: number
}

/** So many of the known photos must lie within the threshold to say where it is. */
const FEWEST = 3

/**
 * The threshold is the quantile of the known photos' distances, each measured as if that photo had never been seen: the centre is
 * one of the others, too, or few photos would look further away than new ones are. The time grows with N² · D.
 * @throws EdgeloopError INVALID_INPUT for fewer than three known photos
 */
export function fitNovelty({ known, foreign, lost = 0.03 }: FitNoveltyRequest): Novelty {
  if (known.length < FEWEST)
    throw new EdgeloopError('INVALID_INPUT', `${known.length} photos say nothing about what is foreign`, {
      where: 'known',
      hint: `label at least ${FEWEST}`,
    })
  const centre = meanOf(known)
  const distances = distancesAsIfNew(known, centre).sort()
  return {
    centre,
    known: asDirections(known, centre),
    foreign: asDirections(foreign, centre),
    threshold: quantile(distances, 1 - lost),
    usual: usualOf(distances),
  }
}

function usualOf(distances: Float64Array): UsualDistance {
  const photos = distances.length
  const mean = distances.reduce((sum, each) => sum + each, 0) / photos
  const squares = distances.reduce((sum, each) => sum + (each - mean) ** 2, 0)
  return { mean, deviation: Math.sqrt(squares / (photos - 1)), photos }
}

function meanOf(rows: readonly Float32Array[]): Float32Array {
  const sum = new Float64Array(rows[0]!.length)
  for (const row of rows) for (let d = 0; d < sum.length; d++) sum[d]! += row[d]!
  return Float32Array.from(sum, (value) => value / rows.length)
}

/**
 * Without photo i the centre is m − (x_i − m)/(n − 1), so that all distances follow from the products of the rows around m:
 * with g_ij = (x_i − m)·(x_j − m), those around that centre are g_jk + (g_ij + g_ik)/(n − 1) + g_ii/(n − 1)².
 */
function distancesAsIfNew(rows: readonly Float32Array[], centre: Float32Array): Float64Array {
  const n = rows.length
  const around = rows.map((row) => row.map((value, d) => value - centre[d]!))
  const products = around.map((a, i) => Float64Array.from({ length: i + 1 }, (_, j) => dot(a, around[j]!)))
  const g = (i: number, j: number) => (i > j ? products[i]![j]! : products[j]![i]!)
  const share = 1 / (n - 1)
  return Float64Array.from({ length: n }, (_, i) => {
    const shift = share * share * g(i, i)
    // The photo itself lies n/(n − 1) times as far from that centre.
    const own = (1 + share) ** 2 * g(i, i)
    const cosines = new Float64Array(n - 1)
    for (let j = 0, at = 0; j < n; j++) {
      if (j === i) continue
      const other = g(j, j) + 2 * share * g(i, j) + shift
      const product = (1 + share) * (g(i, j) + share * g(i, i))
      cosines[at++] = own > 0 && other > 0 ? product / Math.sqrt(own * other) : 0
    }
    return distanceOf(cosines.sort().reverse())
  })
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!
  return sum
}

/** Between two values, by linear interpolation. */
function quantile(sorted: Float64Array, share: number): number {
  const at = (sorted.length - 1) * share
  const below = Math.floor(at)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!)
}

/** In 127ths of each row's largest number: a cosine is right to about 0.001 then. */
function asDirections(rows: readonly Float32Array[], centre: Float32Array): Int8Array {
  const all = new Int8Array(rows.length * centre.length)
  for (const [i, row] of rows.entries()) {
    const direction = directionFrom(centre, row)
    const largest = direction.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    if (largest === 0) continue
    for (let d = 0; d < direction.length; d++)
      all[i * centre.length + d] = Math.round((direction[d]! / largest) * 127)
  }
  return all
}
