/**
 * A head as it is stored: a small JSON part for the manifest and one binary file.
 * @module
 */
import { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'
import type { Head } from './head.ts'

/** What the bytes cannot say about themselves. */
export const HeadJson = z.strictObject({
  format: z.literal('edgeloop-head/1'),
  labels: z
    .array(z.string().min(1))
    .min(2)
    .refine((labels) => new Set(labels).size === labels.length, 'labels must be distinct'),
  /** D: how many features the head takes. */
  dimensions: z.int().positive(),
  temperature: z.number().positive(),
})
export type HeadJson = z.infer<typeof HeadJson>

export interface EncodedHead {
  json: HeadJson
  /** float32, little-endian, without gaps: weights (K × D, row by row), bias (K), mean (D), scale (D). */
  bytes: Uint8Array
}

/**
 * Writes a head down; `decodeHead` gives back the same numbers.
 * @throws EdgeloopError CORRUPT when the head's own shapes or numbers do not hold.
 */
export function encodeHead(head: Head): EncodedHead {
  const json = readJson({
    format: 'edgeloop-head/1',
    labels: head.labels,
    dimensions: head.mean.length,
    temperature: head.temperature,
  })
  const parts = [head.weights, head.bias, head.mean, head.scale]
  sizes(json).forEach((size, i) => {
    if (parts[i]!.length !== size)
      throw corrupt(`Part ${i} has ${parts[i]!.length} numbers instead of ${size}.`)
  })
  checkNumbers(head)
  const bytes = new Uint8Array(4 * parts.reduce((sum, part) => sum + part.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const part of parts) {
    for (const value of part) {
      view.setFloat32(at, value, true)
      at += 4
    }
  }
  return { json, bytes }
}

/**
 * Reads a head back. `json` may come from anywhere (it is validated); `bytes` may be a view at any offset.
 * @throws EdgeloopError CORRUPT when shape, size or numbers do not hold.
 */
export function decodeHead(json: unknown, bytes: Uint8Array): Head {
  const shape = readJson(json)
  const counts = sizes(shape)
  const expected = 4 * counts.reduce((sum, count) => sum + count, 0)
  if (bytes.byteLength !== expected) {
    throw corrupt(`The head has ${bytes.byteLength} bytes instead of ${expected}.`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const [weights, bias, mean, scale] = counts.map((count) => {
    const part = new Float32Array(count)
    for (let i = 0; i < count; i++, at += 4) part[i] = view.getFloat32(at, true)
    return part
  }) as [Float32Array, Float32Array, Float32Array, Float32Array]
  const head: Head = { labels: shape.labels, weights, bias, mean, scale, temperature: shape.temperature }
  checkNumbers(head)
  return head
}

function sizes({ labels, dimensions }: HeadJson): [number, number, number, number] {
  return [labels.length * dimensions, labels.length, dimensions, dimensions]
}

function readJson(json: unknown): HeadJson {
  const parsed = HeadJson.safeParse(json)
  if (parsed.success) return parsed.data
  throw corrupt(`The head's description is not valid: ${z.prettifyError(parsed.error)}`)
}

function checkNumbers(head: Head): void {
  for (const name of ['weights', 'bias', 'mean', 'scale'] as const) {
    if (!head[name].every(Number.isFinite))
      throw corrupt(`The head's ${name} hold a number that is not finite.`)
  }
  if (!head.scale.every((value) => value > 0))
    throw corrupt(`The head's scale holds a number that is not positive.`)
}

function corrupt(message: string): EdgeloopError {
  return new EdgeloopError('CORRUPT', message, {
    where: 'head',
    hint: 'Fetch the model version again; when it stays so, promote an earlier version and train anew.',
  })
}
