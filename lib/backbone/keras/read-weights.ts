/**
 * Reads the weights of a Keras model from any of the files in which Keras keeps them.
 * @module
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { unzipSync } from 'fflate'
import { z } from 'zod'
import { EdgeloopError } from '../../errors/index.ts'
import { type Hdf5, type KerasArray, withHdf5 } from './hdf5.ts'

/** Each layer's arrays in the order in which Keras lists them, by the layer's name; layers without any are left out. */
export type KerasWeights = ReadonlyMap<string, KerasArray[]>

/**
 * @param file `.h5`, which names weights by layer, or `.keras` (a zip), which numbers them by class
 * @param model the model's name, where the file holds others around it
 * @throws INVALID_INPUT when it is neither, or lacks that model
 */
export async function readKerasWeights(file: string, model: string): Promise<KerasWeights> {
  const bytes = await readFile(file).catch((cause) => {
    throw new EdgeloopError('NOT_FOUND', `cannot read ${file}`, { where: file, cause })
  })
  const isZip = bytes.readUInt32BE(0) === 0x504b0304
  return isZip ? readArchive(bytes, model, file) : withHdf5(file, (hdf5) => readByName(hdf5, model))
}

/**
 * Keras 1 and 2: a group for each layer, with the names of its arrays in order as an attribute; a whole model has them
 * under `model_weights`, and those of a model inside it in one group.
 */
function readByName(hdf5: Hdf5, model: string): KerasWeights {
  const root = hdf5.children('').includes('model_weights') ? 'model_weights' : ''
  const under = (...parts: string[]) => parts.filter(Boolean).join('/')
  const layers = hdf5.strings(root, 'layer_names') ?? hdf5.children(root)
  const weights = new Map<string, KerasArray[]>()
  for (const layer of layers) {
    for (const name of hdf5.strings(under(root, layer), 'weight_names') ?? []) {
      const owner = layer === model ? name.split('/')[0]! : layer
      const arrays = weights.get(owner) ?? []
      weights.set(owner, [...arrays, hdf5.array(under(root, layer, name))])
    }
  }
  return weights
}

const layerSchema = z.object({ class_name: z.string(), config: z.object({ name: z.string() }) })
type LayerConfig = z.infer<typeof layerSchema>

/** Keras 3: `config.json` lists the layers, and `model.weights.h5` has them as `CLASS`, `CLASS_1`, … in that order. */
async function readArchive(bytes: Uint8Array, model: string, where: string): Promise<KerasWeights> {
  const wanted = ['config.json', 'model.weights.h5']
  const files = unzipSync(bytes, { filter: ({ name }) => wanted.includes(name) })
  const missing = wanted.find((name) => !files[name])
  if (missing) throw new EdgeloopError('INVALID_INPUT', `this archive has no ${missing}`, { where })
  const layers = findLayers(JSON.parse(Buffer.from(files['config.json']!).toString()), model)
  if (!layers) throw new EdgeloopError('INVALID_INPUT', `there is no model '${model}' in it`, { where })
  const directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-keras-'))
  try {
    const file = path.join(directory, 'model.weights.h5')
    await writeFile(file, files['model.weights.h5']!)
    return await withHdf5(file, (hdf5) => readByClass(hdf5, layers))
  } finally {
    await rm(directory, { recursive: true })
  }
}

function readByClass(hdf5: Hdf5, layers: LayerConfig[]): KerasWeights {
  // The model is the file's root, or a layer of another one; only such a group has separable convolutions as children.
  const roots = ['layers', ...hdf5.children('layers').map((name) => `layers/${name}/layers`)]
  const root = roots.find((group) => hdf5.children(group).includes('separable_conv2d')) ?? 'layers'
  const counts = new Map<string, number>()
  const weights = new Map<string, KerasArray[]>()
  for (const { class_name, config } of layers) {
    const count = counts.get(class_name) ?? 0
    counts.set(class_name, count + 1)
    const group = `${root}/${snakeCase(class_name)}${count ? `_${count}` : ''}/vars`
    const arrays = hdf5.children(group).map((index) => hdf5.array(`${group}/${index}`))
    if (arrays.length > 0) weights.set(config.name, arrays)
  }
  return weights
}

/** `SeparableConv2D` → `separable_conv2d`, as Keras writes class names. */
function snakeCase(name: string): string {
  return name
    .replaceAll(/(.)([A-Z][a-z0-9]+)/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
}

/** The layers of the model of that name, however deep it is in a model's config. */
function findLayers(config: unknown, model: string): LayerConfig[] | undefined {
  if (typeof config !== 'object' || config === null) return undefined
  const { name, layers } = config as { name?: unknown; layers?: unknown }
  if (name === model) {
    const parsed = z.array(layerSchema).safeParse(layers)
    if (parsed.success) return parsed.data
  }
  for (const value of Object.values(config)) {
    const found = findLayers(value, model)
    if (found) return found
  }
  return undefined
}
