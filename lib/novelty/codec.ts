/**
 * What a model knows as it is stored: a small JSON part for the manifest and one binary file.
 * @module
 */
import { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'
import type { Novelty } from './novelty.ts'

/** What the bytes cannot say about themselves. */
export const NoveltyJson = z.strictObject({
  format: z.literal('edgeloop-novelty/1'),
  /** D: how many features a photo has. */
  dimensions: z.int().positive(),
  /** N and M: how many photos of each kind there are. */
  known: z.int().positive(),
  foreign: z.int().nonnegative(),
  threshold: z.number().min(0).max(2),
  /** Absent in versions that were trained before drift was judged by it. */
  usual: z
    .strictObject({
      mean: z.number().min(0).max(2),
      deviation: z.number().min(0).max(2),
      photos: z.int().positive(),
    })
    .optional(),
})
export type NoveltyJson = z.infer<typeof NoveltyJson>

/** `bytes`: the centre (D × float32, little-endian), then known (N × D) and foreign (M × D) photos as int8, without gaps. */
export function encodeNovelty({ centre, known, foreign, threshold, usual }: Novelty): {
  json: NoveltyJson
  bytes: Uint8Array
} {
  const dimensions = centre.length
  const json: NoveltyJson = {
    format: 'edgeloop-novelty/1',
    dimensions,
    known: known.length / dimensions,
    foreign: foreign.length / dimensions,
    threshold,
    ...(usual && { usual }),
  }
  const bytes = new Uint8Array(4 * dimensions + known.length + foreign.length)
  const view = new DataView(bytes.buffer)
  for (let d = 0; d < dimensions; d++) view.setFloat32(4 * d, centre[d]!, true)
  bytes.set(new Uint8Array(known.buffer, known.byteOffset, known.length), 4 * dimensions)
  bytes.set(new Uint8Array(foreign.buffer, foreign.byteOffset, foreign.length), 4 * dimensions + known.length)
  return { json, bytes }
}

/**
 * @param bytes may be a view at any offset
 * @throws EdgeloopError CORRUPT when they are not as many as the description says, or the centre is no point
 */
export function decodeNovelty(
  { dimensions, known, foreign, threshold, usual }: NoveltyJson,
  bytes: Uint8Array
): Novelty {
  const start = 4 * dimensions
  const expected = start + (known + foreign) * dimensions
  if (bytes.byteLength !== expected)
    throw corrupt(`there are ${bytes.byteLength} bytes instead of ${expected}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const centre = Float32Array.from({ length: dimensions }, (_, d) => view.getFloat32(4 * d, true))
  if (!centre.every(Number.isFinite)) throw corrupt('the centre holds a number that is not finite')
  const rows = Int8Array.from(new Int8Array(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start))
  return {
    centre,
    known: rows.subarray(0, known * dimensions),
    foreign: rows.subarray(known * dimensions),
    threshold,
    usual: usual ?? null,
  }
}

function corrupt(what: string): EdgeloopError {
  return new EdgeloopError('CORRUPT', `what the model knows cannot be read: ${what}`, {
    where: 'novelty',
    hint: 'fetch the model version again; when it stays so, promote an earlier version and train anew',
  })
}
