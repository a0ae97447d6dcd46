/**
 * `backbone.json`: everything about a backbone except its weights, and the hash that names it.
 * @module
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const size = z.number().int().positive()

/** A tensor in `weights.bin`: row-major, `offset` in bytes. */
const tensorSchema = z.strictObject({
  name: z.string().min(1),
  shape: z.array(size).min(1),
  offset: z.number().int().nonnegative(),
})

/** How a photo becomes the network's input: scaled so that its central square fills it, then (value - mean) / scale. */
const preprocessingSchema = z.strictObject({
  fit: z.literal('cover'),
  kernel: z.literal('lanczos3'),
  /** In the scale of 0…255, the same for red, green and blue. */
  mean: z.number(),
  scale: z.number().positive(),
})

const provenanceSchema = z.strictObject({
  package: z.string(),
  version: z.string(),
  /** Of the package's file, and the file inside that the weights are from. */
  sha256,
  file: z.string(),
  /** What was done to the weights, in words. */
  changes: z.string(),
})

export const backboneManifestSchema = z.strictObject({
  format: z.literal('edgeloop.backbone/1'),
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  /** Which network, see `topologies`. */
  topology: z.string(),
  /** Pixels of each side of the square input. */
  inputSize: size,
  channels: z.literal('rgb'),
  preprocessing: preprocessingSchema,
  featureSize: size,
  dtype: z.literal('float16'),
  tensors: z.array(tensorSchema).min(1),
  weights: z.strictObject({ file: z.literal('weights.bin'), bytes: size, sha256 }),
  licence: z.string(),
  provenance: provenanceSchema,
  /** SHA-256 of this manifest in canonical form without this field: the backbone's name everywhere. */
  hash: sha256,
})

export type BackboneManifest = z.infer<typeof backboneManifestSchema>

/** JSON with sorted keys and without blanks, so that equal values have equal bytes. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
}

/** The hash of a manifest; a `hash` that it carries already is left out. Covers the weights by their own hash. */
export function backboneHash(manifest: Omit<BackboneManifest, 'hash'> & { hash?: string }): string {
  const { hash: _, ...rest } = manifest
  return createHash('sha256').update(canonicalJson(rest)).digest('hex')
}
