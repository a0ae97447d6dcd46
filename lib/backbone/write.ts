/**
 * Writes a backbone's folder: `weights.bin`, then `backbone.json`, which makes it complete.
 * @module
 */
import { createHash } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EdgeloopError } from '../errors/index.ts'
import { encodeFloat16 } from '../float16/index.ts'
import { type BackboneManifest, backboneHash, backboneManifestSchema } from './manifest.ts'
import { type Convolution, tensorsOf } from './topology.ts'

/** Row-major numbers, as many as the shape has room for. */
export interface WeightTensor {
  name: string
  shape: number[]
  data: Float32Array
}

/** A convolution's weights as tensors: a bias where the layer has one. */
export function weightTensors(
  layer: Convolution,
  weights: { kernel: Float32Array; bias?: Float32Array }
): WeightTensor[] {
  const { kernel, bias } = tensorsOf(layer)
  const written: WeightTensor[] = [{ ...kernel, data: weights.kernel }]
  if (bias) written.push({ ...bias, data: weights.bias! })
  return written
}

/** What the writer cannot know by itself. */
export type BackboneDescription = Omit<BackboneManifest, 'format' | 'dtype' | 'tensors' | 'weights' | 'hash'>

/**
 * Rounds the tensors to float16 and writes them, one after the other.
 * @throws INVALID_INPUT when a number does not fit into float16: that would be another network
 */
export async function writeBackbone(
  dir: string,
  tensors: WeightTensor[],
  description: BackboneDescription
): Promise<BackboneManifest> {
  let offset = 0
  const entries: BackboneManifest['tensors'] = []
  for (const { name, shape, data } of tensors) {
    if (!data.every((value) => Math.abs(value) < 65_504)) {
      throw new EdgeloopError('INVALID_INPUT', `tensor '${name}' has numbers beyond float16`)
    }
    entries.push({ name, shape, offset })
    offset += data.length * 2
  }
  const weights = Buffer.concat(tensors.map((tensor) => encodeFloat16(tensor.data)))
  const unnamed: Omit<BackboneManifest, 'hash'> = {
    format: 'edgeloop.backbone/1',
    ...description,
    dtype: 'float16',
    tensors: entries,
    weights: {
      file: 'weights.bin',
      bytes: weights.length,
      sha256: createHash('sha256').update(weights).digest('hex'),
    },
  }
  const manifest = backboneManifestSchema.parse({ ...unnamed, hash: backboneHash(unnamed) })
  await mkdir(dir, { recursive: true })
  await replaceFile(join(dir, 'weights.bin'), weights)
  await replaceFile(join(dir, 'backbone.json'), formatManifest(manifest))
  return manifest
}

async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`
  await writeFile(draft, content)
  await rename(draft, path)
}

/** Readable, with one tensor a line. */
function formatManifest(manifest: BackboneManifest): string {
  const tensors = manifest.tensors.map((tensor) => `    ${oneLine(tensor)}`).join(',\n')
  const rest = JSON.stringify({ ...manifest, tensors: [] }, null, 2)
  return `${rest.replace('"tensors": []', () => `"tensors": [\n${tensors}\n  ]`)}\n`
}

const oneLine = (value: object) =>
  JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, ' ').replaceAll('[ ', '[').replaceAll(' ]', ']')
