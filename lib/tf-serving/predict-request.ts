import { debugText } from './debug-text.ts'
import { elements, findMember, type JsonDocument, Kind, members, ROOT, sizeOf } from './document.ts'
import { traitsOf } from './dtypes.ts'
import { ObjectBudget } from './limits.ts'
import { isBase64 } from './read-base64.ts'
import { formatError, type JsonRequest } from './read-request.ts'
import { denseShape, readValues } from './read-tensor.ts'
import type { PredictSignature, Tensor, TensorInfo } from './servable.ts'
import { invalidArgument, ServingError } from './serving-error.ts'
import { fits, shapeText, valuesIn } from './shape.ts'
import type { Slices } from './slices.ts'

/** Rows: a list of instances. Columns: a tensor a name, with the batch already in it. The answer has the same format. */
export type PredictFormat = 'rows' | 'columns'

export interface PredictRequest {
  format: PredictFormat
  inputs: Record<string, Tensor>
}

/**
 * Reads the tensors of a predict request, from `instances` or from `inputs`.
 * https://www.tensorflow.org/tfx/serving/api_rest#predict_api
 *
 * @throws ServingError INVALID_ARGUMENT for what does not have the format or does not fit the signature
 */
export function* readPredictRequest(
  { document, signatureName }: JsonRequest,
  signature: PredictSignature
): Slices<PredictRequest> {
  const described = new Map(Object.entries(signature.inputs))
  if (described.size === 0) {
    throw invalidArgument(`Failed to get input map for signature: ${signatureName || 'DEFAULT'}`)
  }
  const instances = findMember(document, ROOT, 'instances')
  const inputs = findMember(document, ROOT, 'inputs')
  if (instances !== undefined && inputs !== undefined) {
    throw formatError(
      document,
      "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
    )
  }
  if (instances !== undefined) {
    if (document.kinds[instances] !== Kind.ARRAY) {
      throw formatError(document, "Expecting 'instances' to be an list/array")
    }
    if (sizeOf(document, instances) === 0) throw formatError(document, "No values in 'instances' array")
    return { format: 'rows', inputs: checked(yield* readRows(document, instances, described), described) }
  }
  if (inputs !== undefined) {
    return { format: 'columns', inputs: checked(yield* readColumns(document, inputs, described), described) }
  }
  throw invalidArgument("Missing 'inputs' or 'instances' key")
}

/** So many rows are read between two places where the reader may be interrupted: about a millisecond. */
const READ = 2 ** 9

/** One input while its rows are put together. */
interface Rows {
  tensor: Tensor
  /** What the first row says that all of them have. */
  shape: number[]
  size: number
  /** Where the next row begins. */
  at: number
}

/** Each element is an object with all of the inputs by name or, where there is one input, its value. */
function* readRows(
  document: JsonDocument,
  instances: number,
  described: ReadonlyMap<string, TensorInfo>
): Slices<Map<string, Tensor>> {
  const first = instances + 1
  const named = isNamed(document, first)
  if (!named && described.size > 1) {
    throw invalidArgument(
      'instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map'
    )
  }
  const batch = sizeOf(document, instances)
  const mostValues = document.ends[instances]! - instances
  const budget = new ObjectBudget()
  const rows = new Map<string, Rows>()

  function* addRow(name: string, value: number): Slices<void> {
    const info = described.get(name)
    if (!info) throw invalidArgument(`JSON object: does not have named input: ${name}`)
    const shape = denseShape(document, value)
    let row = rows.get(name)
    if (!row) {
      // What the first row promises is not reserved before it can be there.
      const values = traitsOf(info.dtype).room(Math.min(batch * valuesIn(shape), mostValues))
      row = { tensor: { dtype: info.dtype, shape: [batch, ...shape], values }, shape, size: 0, at: 0 }
      rows.set(name, row)
      row.size = row.at = yield* readValues(document, value, shape, row.tensor, 0, budget)
      return
    }
    const end = yield* readValues(document, value, shape, row.tensor, row.at, budget)
    if (end - row.at !== row.size) {
      throw invalidArgument(`Expecting tensor size: ${row.size} but got: ${end - row.at}`)
    }
    if (!fits(shape, row.shape)) {
      throw invalidArgument(`Expecting shape ${shapeText(row.shape)} but got: ${shapeText(shape)}`)
    }
    row.at = end
  }

  let count = 0
  for (const element of elements(document, instances)) {
    if (named !== isNamed(document, element)) {
      throw invalidArgument(
        named
          ? `Expecting object but got list at item ${count} of input list`
          : `Expecting value/list but got object at item ${count} of input list`
      )
    }
    if (count % READ === READ - 1) yield
    if (named) yield* addNamed(document, element, count, described, addRow)
    else {
      const [name] = described.keys()
      yield* within(`Failed to process element: ${count} of 'instances' list.`, addRow(name!, element))
    }
    count++
  }
  return new Map([...rows].map(([name, { tensor }]) => [name, tensor]))
}

function* addNamed(
  document: JsonDocument,
  element: number,
  count: number,
  described: ReadonlyMap<string, TensorInfo>,
  addRow: (name: string, value: number) => Slices<void>
): Slices<void> {
  const seen = new Set<string>()
  for (const [name, value] of members(document, element)) {
    const row = seen.has(name) ? twice(name) : addRow(name, value)
    yield* within(`Failed to process element: ${count} key: ${name} of 'instances' list.`, row)
    seen.add(name)
  }
  if (seen.size !== described.size) {
    throw invalidArgument(
      `Failed to process element: ${count} of 'instances' list. JSON object: ${debugText(document, element)} keys must be equal to: ${[...described.keys()].sort().join(',')}`
    )
  }
}

// biome-ignore lint/correctness/useYield: it stands where a row would be read
function* twice(name: string): Slices<void> {
  throw invalidArgument(`JSON object: has named input more than once: ${name}`)
}

function* within(where: string, work: Slices<void>): Slices<void> {
  try {
    yield* work
  } catch (thrown) {
    if (!(thrown instanceof ServingError)) throw thrown
    throw new ServingError(thrown.code, `${where} Error: ${thrown.code}: ${thrown.message}`)
  }
}

/** An object with the inputs by name or, where there is one input, its value. */
function* readColumns(
  document: JsonDocument,
  inputs: number,
  described: ReadonlyMap<string, TensorInfo>
): Slices<Map<string, Tensor>> {
  const named = isNamed(document, inputs)
  if (!named && described.size > 1) {
    throw invalidArgument(
      'inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map'
    )
  }
  const budget = new ObjectBudget()
  const tensors = new Map<string, Tensor>()
  for (const [name, { dtype }] of described) {
    const value = named ? findMember(document, inputs, name) : inputs
    if (value === undefined) throw invalidArgument(`Missing named input: ${name} in 'inputs' object.`)
    const shape = denseShape(document, value)
    const mostValues = document.kinds[value] === Kind.ARRAY ? document.ends[value]! - value : 1
    const values = traitsOf(dtype).room(Math.min(valuesIn(shape), mostValues))
    const tensor = { dtype, shape, values }
    yield* readValues(document, value, shape, tensor, 0, budget)
    tensors.set(name, tensor)
  }
  return tensors
}

/** Whether a value holds others by name: an object that does not stand for bytes. */
function isNamed(document: JsonDocument, node: number): boolean {
  return document.kinds[node] === Kind.OBJECT && !isBase64(document, node)
}

/** TensorFlow finds out while the graph runs whether tensors fit it; here that is said before anything runs. */
function checked(
  tensors: ReadonlyMap<string, Tensor>,
  described: ReadonlyMap<string, TensorInfo>
): Record<string, Tensor> {
  for (const [name, { shape }] of tensors) {
    const expected = described.get(name)!.shape
    if (!fits(shape, expected)) {
      throw invalidArgument(
        `Expecting shape ${shapeText(expected)} but got: ${shapeText(shape)} for input: ${name}`
      )
    }
  }
  return Object.fromEntries(tensors)
}
