/** The kinds of numbers that JSON can carry, by their names in a SavedModel. */
export type DType =
  | 'DT_FLOAT'
  | 'DT_DOUBLE'
  | 'DT_UINT8'
  | 'DT_INT8'
  | 'DT_INT16'
  | 'DT_INT32'
  | 'DT_UINT32'
  | 'DT_INT64'
  | 'DT_UINT64'
  | 'DT_STRING'
  | 'DT_BOOL'

export interface TensorInfo {
  /** The tensor's name inside of the model, as metadata shows it: "x:0". */
  name: string
  dtype: DType
  /** -1: of any size. null: of any rank. The first dimension is the batch. */
  shape: readonly number[] | null
}

export type Values =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | boolean[]
  | Uint8Array[]

export interface Tensor {
  dtype: DType
  shape: number[]
  /** Row-major, in the array that belongs to the dtype. Strings are views of the request's body: copy what must stay. */
  values: Values
}

/** A feature's name with its values; the context's features are among them. Integers beyond 2^53 are rounded. */
export type Example = Record<string, (number | string | Uint8Array)[]>

interface Described {
  /** By the names that requests use. */
  inputs: Record<string, TensorInfo>
  outputs: Record<string, TensorInfo>
}

export interface PredictSignature extends Described {
  method: 'predict'
  /** Gets every input, checked against its description; gives every output that is described. */
  run(inputs: Record<string, Tensor>, signal: AbortSignal): Promise<Record<string, Tensor>>
}

export interface ClassifySignature extends Described {
  method: 'classify'
  /** Gives a list of classes for each example. */
  run(examples: Example[], signal: AbortSignal): Promise<{ label: string; score: number }[][]>
}

export interface RegressSignature extends Described {
  method: 'regress'
  /** Gives a number for each example. */
  run(examples: Example[], signal: AbortSignal): Promise<number[]>
}

/** One thing that can be asked of a model. An EdgeloopError or ServingError that `run` throws is what the client reads. */
export type Signature = PredictSignature | ClassifySignature | RegressSignature

/** One version of a model, loaded. */
export interface Servable {
  version: number
  signatures: Record<string, Signature>
}

export interface VersionStatus {
  version: number
  state: 'UNKNOWN' | 'START' | 'LOADING' | 'AVAILABLE' | 'UNLOADING' | 'END'
  error?: { code: string; message: string }
}

/** The models behind the API. `labels` and `versions` are asked only about models that it has. */
export interface ServableManager {
  has(model: string): boolean
  /** Each label with its version, only for versions that are available. */
  labels(model: string): ReadonlyMap<string, number>
  versions(model: string): VersionStatus[]
  /**
   * Runs work with that version, or with the one that serves now; undefined where it is not available. The servable stays
   * loaded until work settles; what work throws comes out.
   */
  use<T>(
    model: string,
    version: number | undefined,
    work: (servable: Servable) => Promise<T>
  ): Promise<{ value: T } | undefined>
}
