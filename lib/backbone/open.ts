/**
 * Opens a backbone's folder and makes sure that it holds what it says.
 * @module
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'
import { decodeFloat16 } from '../float16/index.ts'
import { type BackboneManifest, backboneHash, backboneManifestSchema } from './manifest.ts'

export interface Backbone {
  manifest: BackboneManifest
  /** The file's bytes; `readTensor` takes one tensor out. */
  weights: Uint8Array<ArrayBuffer>
}

/**
 * Reads and verifies `backbone.json` and `weights.bin`.
 * @throws NOT_FOUND when a file is absent, CORRUPT when a hash, a size or the format does not match
 */
export async function openBackbone(dir: string): Promise<Backbone> {
  const manifest = await readBackboneManifest(dir)
  const where = join(dir, manifest.weights.file)
  const weights = new Uint8Array(await read(where))
  const sha256 = createHash('sha256').update(weights).digest('hex')
  checkWeights(manifest, { sha256, bytes: weights.length }, where)
  return { manifest, weights }
}

/**
 * Verifies `backbone.json` and `weights.bin` without holding the weights in memory.
 * @throws as `openBackbone`
 */
export async function verifyBackbone(dir: string): Promise<BackboneManifest> {
  const manifest = await readBackboneManifest(dir)
  const where = join(dir, manifest.weights.file)
  const hash = createHash('sha256')
  const { size } = await stat(where).catch(unreadable(where))
  await pipeline(createReadStream(where), hash).catch(unreadable(where))
  checkWeights(manifest, { sha256: hash.digest('hex'), bytes: size }, where)
  return manifest
}

function checkWeights(
  { weights, tensors }: BackboneManifest,
  found: { sha256: string; bytes: number },
  where: string
): void {
  if (found.sha256 !== weights.sha256) {
    throw corrupt('the weights do not match the hash in backbone.json', where)
  }
  let offset = 0
  for (const tensor of tensors) {
    if (tensor.offset !== offset) throw corrupt(`tensor '${tensor.name}' is not where it should be`, where)
    offset += 2 * elements(tensor.shape)
  }
  if (offset !== found.bytes || offset !== weights.bytes)
    throw corrupt('the weights have another size', where)
}

/**
 * Reads and verifies `backbone.json` alone: its format and its own hash.
 * @throws as `openBackbone`
 */
export async function readBackboneManifest(dir: string): Promise<BackboneManifest> {
  const where = join(dir, 'backbone.json')
  const parsed = backboneManifestSchema.safeParse(parseJson((await read(where)).toString('utf8'), where))
  if (!parsed.success) throw corrupt(`not a backbone's manifest: ${z.prettifyError(parsed.error)}`, where)
  if (backboneHash(parsed.data) !== parsed.data.hash)
    throw corrupt('the manifest does not match its own hash', where)
  return parsed.data
}

/**
 * One tensor's numbers, row-major.
 * @throws NOT_FOUND when the backbone has no tensor of that name and shape
 */
export function readTensor(
  backbone: Backbone,
  name: string,
  shape: readonly number[]
): Float32Array<ArrayBuffer> {
  const entry = backbone.manifest.tensors.find((tensor) => tensor.name === name)
  if (!entry || entry.shape.join() !== shape.join()) {
    throw new EdgeloopError('NOT_FOUND', `the backbone has no tensor '${name}' of shape [${shape}]`)
  }
  return decodeFloat16(backbone.weights.subarray(entry.offset, entry.offset + 2 * elements(entry.shape)))
}

const elements = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1)

function read(where: string): Promise<Buffer> {
  return readFile(where).catch(unreadable(where))
}

const unreadable = (where: string) => (cause: unknown) => {
  throw new EdgeloopError('NOT_FOUND', `cannot read ${where}`, { where, cause })
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw corrupt('not JSON', where, cause)
  }
}

function corrupt(message: string, where: string, cause?: unknown): EdgeloopError {
  return new EdgeloopError('CORRUPT', message, { where, cause, hint: 'Fetch or import this backbone again.' })
}
