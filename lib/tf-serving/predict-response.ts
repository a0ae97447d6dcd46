import { traitsOf } from './dtypes.ts'
import type { PredictFormat } from './predict-request.ts'
import { PrettyWriter } from './pretty-writer.ts'
import type { PredictSignature, Tensor } from './servable.ts'
import { invalidArgument, ServingError } from './serving-error.ts'
import { valuesIn } from './shape.ts'

/**
 * Writes what a model gave, in the format of the request: bare values where there is one output, else objects by name.
 *
 * @throws ServingError INVALID_ARGUMENT where rows do not go together, INTERNAL where the outputs are not what the signature
 *   describes
 */
export function predictResponse(
  format: PredictFormat,
  outputs: Record<string, Tensor>,
  signature: PredictSignature
): string {
  const tensors = expectedOutputs(outputs, signature)
  return format === 'rows' ? inRows(tensors) : inColumns(tensors)
}

/** In the order of the signature. */
function expectedOutputs(
  outputs: Record<string, Tensor>,
  signature: PredictSignature
): [name: string, tensor: Tensor][] {
  const given = new Map(Object.entries(outputs))
  const expected = Object.entries(signature.outputs)
  if (expected.length === 0) throw invalidArgument('Cannot convert empty tensor map to JSON')
  if (given.size !== expected.length) {
    throw new ServingError('INTERNAL', `Expected ${expected.length} output tensor(s). Got: ${given.size}`)
  }
  return expected.map(([name, { dtype }]) => {
    const tensor = given.get(name)
    if (!tensor) throw new ServingError('INTERNAL', `Could not find output tensor '${name}'`)
    const { owns, name: type } = traitsOf(dtype)
    if (tensor.dtype !== dtype || !owns(tensor.values)) {
      throw new ServingError('INTERNAL', `Output tensor '${name}' is not of expected type: ${type}`)
    }
    if (tensor.values.length !== valuesIn(tensor.shape)) {
      throw new ServingError(
        'INTERNAL',
        `Output tensor '${name}' has ${tensor.values.length} values where its shape has ${valuesIn(tensor.shape)}`
      )
    }
    return [name, tensor]
  })
}

function inRows(tensors: [name: string, tensor: Tensor][]): string {
  let batch: number | undefined
  for (const [name, { shape }] of tensors) {
    const [size] = shape
    if (size === undefined) throw invalidArgument(`Tensor name: ${name} has no shape information `)
    if (batch !== undefined && batch !== size) {
      throw invalidArgument(`Tensor name: ${name} has inconsistent batch size: ${size} expecting: ${batch}`)
    }
    batch = size
  }
  const writer = new PrettyWriter()
  const named = tensors.length > 1
  const rows = tensors.map(([name, tensor]) => ({ name, write: valueWriter(name, tensor, writer) }))
  writer.startObject()
  writer.string('predictions')
  writer.startArray()
  for (let row = 0; row < batch!; row++) {
    if (named) writer.startObject()
    writer.singleLineArrays = true
    for (const { name, write } of rows) {
      if (named) writer.string(name)
      write(1)
    }
    writer.singleLineArrays = false
    if (named) writer.endObject()
  }
  writer.endArray()
  writer.endObject()
  return writer.toString()
}

function inColumns(tensors: [name: string, tensor: Tensor][]): string {
  const writer = new PrettyWriter()
  const named = tensors.length > 1
  writer.startObject()
  writer.string('outputs')
  if (named) writer.startObject()
  for (const [name, tensor] of tensors) {
    if (named) writer.string(name)
    valueWriter(name, tensor, writer)(0)
  }
  if (named) writer.endObject()
  writer.endObject()
  return writer.toString()
}

/** Writes a tensor's values one after the other, each time as many as the dimensions from that one on have. */
function valueWriter(name: string, tensor: Tensor, writer: PrettyWriter): (dimension: number) => void {
  const { dtype, shape, values } = tensor
  const { text } = traitsOf(dtype)
  const asBytes = dtype === 'DT_STRING' && name.endsWith('_bytes')
  let at = 0
  return function write(dimension) {
    if (dimension === shape.length) {
      if (asBytes) writeBase64((values as Uint8Array[])[at]!, writer)
      else writer.raw(text(values, at))
      at++
      return
    }
    writer.startArray()
    for (let i = 0; i < shape[dimension]!; i++) write(dimension + 1)
    writer.endArray()
  }
}

function writeBase64(bytes: Uint8Array, writer: PrettyWriter): void {
  writer.startObject()
  writer.string('b64')
  writer.string(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'))
  writer.endObject()
}
