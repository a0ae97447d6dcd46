/**
 * Reads state dicts in torch's file format from before 1.6: five pickles (magic number, protocol, the writer's
 * system, the state dict, the storages' keys), then each storage as an int64 count and its numbers, little-endian.
 * Layout as in `torch/serialization.py` (`_legacy_save`); read here without Python.
 * @module
 */
import { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'
import { createCursor } from './cursor.ts'
import { type PickleGlobal, readPickle } from './pickle.ts'

const MAGIC = 0x1950a86a20f9469cfc6cn
const PROTOCOL = 1001

/** A dense tensor, row-major. */
export interface Tensor {
  shape: number[]
  data: Float32Array
}

const count = z.number().int().nonnegative()
const storageId = z.tuple([
  z.literal('storage'),
  z.object({ name: z.string() }),
  z.string(),
  z.string(),
  count,
  z.null({ error: 'a storage is a view of another one, which is not supported' }),
])
interface Storage {
  key: string
  type: string
  length: number
}
/** Arguments of `torch._utils._rebuild_tensor_v2`; what follows the strides (gradients, hooks) is of no use here. */
const rebuildArgs = z.tuple([z.custom<Storage>(), count, z.array(count), z.array(count)]).rest(z.unknown())
interface View {
  storage: Storage
  offset: number
  shape: number[]
  strides: number[]
}

const FLOAT = 'torch FloatStorage'
const LONG = 'torch LongStorage'
const views = new WeakSet<object>()

const GLOBALS: PickleGlobal[] = [
  { name: 'collections OrderedDict', call: () => new Map() },
  { name: FLOAT },
  { name: LONG },
  {
    name: 'torch._utils _rebuild_tensor_v2',
    call(args) {
      const [storage, offset, shape, strides] = rebuildArgs.parse(args)
      const view: View = { storage, offset, shape, strides }
      views.add(view)
      return view
    },
  },
]

/**
 * Reads the float tensors of a state dict; integer tensors (counters of batch norms) are left out.
 * @throws INVALID_INPUT when it is not such a file, is cut short, or asks for anything beyond tensors
 */
export function readLegacyStateDict(file: Uint8Array, where?: string): Map<string, Tensor> {
  let at = 0
  const next = (persistent?: (id: unknown) => unknown): unknown => {
    const { value, end } = readPickle(file, at, { globals: GLOBALS, persistent, where })
    at = end
    return value
  }
  const refuse = (message: string): never => {
    throw new EdgeloopError('INVALID_INPUT', `not a legacy torch file: ${message}`, { where })
  }
  try {
    if (next() !== MAGIC) refuse('wrong magic number')
    if (next() !== PROTOCOL) refuse('wrong protocol')
    const system = next()
    if (!(system instanceof Map) || system.get('little_endian') !== true) refuse('not little-endian')
    const storages = new Map<string, Storage>()
    const dict = next((id) => {
      const [, type, key, , length] = storageId.parse(id)
      const known = storages.get(key) ?? { key, type: type.name, length }
      storages.set(key, known)
      return known
    })
    const keys = z.array(z.string()).parse(next())
    const data = readStorages(file, at, keys, storages, where)
    if (!(dict instanceof Map)) return refuse('it holds no state dict')
    const tensors = new Map<string, Tensor>()
    for (const [name, view] of dict) {
      if (typeof name !== 'string' || !views.has(view))
        return refuse('its state dict holds more than tensors')
      if (view.storage.type === FLOAT) tensors.set(name, gather(view, data, where))
    }
    return tensors
  } catch (error) {
    if (error instanceof z.ZodError) return refuse(z.prettifyError(error))
    throw error
  }
}

function readStorages(
  file: Uint8Array,
  start: number,
  keys: string[],
  storages: Map<string, Storage>,
  where?: string
): Map<string, Float32Array> {
  const cursor = createCursor(file, start, where)
  const data = new Map<string, Float32Array>()
  for (const key of keys) {
    const storage = storages.get(key)
    if (!storage || cursor.int(8) !== storage.length) return cursor.fail(`storage ${key} is not as announced`)
    const bytes = cursor.take(storage.length * (storage.type === FLOAT ? 4 : 8))
    if (storage.type === FLOAT) data.set(key, new Float32Array(new Uint8Array(bytes).buffer))
  }
  return data
}

/** Makes a strided view dense. Strides count elements. */
function gather(view: View, data: Map<string, Float32Array>, where?: string): Tensor {
  const { storage, offset, shape, strides } = view
  const source = data.get(storage.key)
  const length = shape.reduce((product, size) => product * size, 1)
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? Number.NaN), offset)
  // More elements than the storage has would be an expanded view: nobody saves one, and it could be of any size.
  const fits = source && length <= source.length && (length === 0 || last < source.length)
  if (!fits || strides.length !== shape.length) {
    throw new EdgeloopError('INVALID_INPUT', `a tensor reaches beyond its storage ${storage.key}`, { where })
  }
  const dense = new Float32Array(length)
  const index = shape.map(() => 0)
  let from = offset
  for (let to = 0; to < length; to++) {
    dense[to] = source[from]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      from -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return { shape, data: dense }
}
