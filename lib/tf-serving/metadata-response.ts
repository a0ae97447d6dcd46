import type { Servable, TensorInfo } from './servable.ts'

/** Writes what can be asked of a model: its signatures, as in a SavedModel. */
export function metadataResponse(model: string, { version, signatures }: Servable): string {
  const signatureDef = mapValues(signatures, ({ method, inputs, outputs }) => ({
    inputs: mapValues(inputs, tensorInfo),
    outputs: mapValues(outputs, tensorInfo),
    method_name: methodName(method),
    defaults: {},
  }))
  const metadata = {
    model_spec: { name: model, signature_name: '', version: String(version) },
    metadata: { signature_def: { signature_def: signatureDef } },
  }
  return `${JSON.stringify(metadata, null, 1)}\n`
}

/** How a SavedModel calls a method. */
export function methodName(method: string): string {
  return `tensorflow/serving/${method}`
}

function tensorInfo({ name, dtype, shape }: TensorInfo) {
  return {
    dtype,
    tensor_shape: {
      dim: (shape ?? []).map((size) => ({ size: String(size), name: '' })),
      unknown_rank: shape === null,
    },
    name,
  }
}

function mapValues<T, U>(record: Record<string, T>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}
