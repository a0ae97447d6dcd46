import { EdgeloopError } from '../errors/index.ts'
import type {
  Example,
  Servable,
  ServableManager,
  Signature,
  Tensor,
  TensorInfo,
  VersionStatus,
} from './index.ts'

function info(name: string, dtype: TensorInfo['dtype'], shape: TensorInfo['shape']): TensorInfo {
  return { name, dtype, shape }
}

function half(values: ArrayLike<number>): Float32Array {
  return Float32Array.from(values, (x) => x / 2 + 2)
}

function x(example: Example): number {
  return Number(example.x?.[0] ?? Number.NaN)
}

const predict: Signature = {
  method: 'predict',
  inputs: { x: info('x:0', 'DT_FLOAT', null) },
  outputs: { y: info('y:0', 'DT_FLOAT', null) },
  async run(inputs) {
    const { shape, values } = inputs.x!
    return { y: { dtype: 'DT_FLOAT', shape, values: half(values as Float32Array) } }
  },
}

/** x / 2 + 2, in all the ways that there are to ask for it; `offset` tells versions apart. */
function halfPlusTwo(version: number, offset = 0): Servable {
  return {
    version,
    signatures: {
      serving_default: predict,
      regress_x_to_y: {
        method: 'regress',
        inputs: { inputs: info('tf_example:0', 'DT_STRING', null) },
        outputs: { outputs: info('y:0', 'DT_FLOAT', [-1, 1]) },
        run: async (examples) => examples.map((example) => x(example) / 2 + 2 + offset),
      },
      classify_x_to_y: {
        method: 'classify',
        inputs: { inputs: info('tf_example:0', 'DT_STRING', null) },
        outputs: { scores: info('y:0', 'DT_FLOAT', [-1, 1]) },
        run: async (examples) =>
          examples.map((example) => [{ label: '', score: x(example) / 2 + 2 + offset }]),
      },
    },
  }
}

/** Gives back what it got, whatever that is, so that a test sees what a signature gets. */
function echo(inputs: Record<string, TensorInfo>): Signature {
  return { method: 'predict', inputs, outputs: inputs, run: async (given) => given }
}

function failing(fail: () => unknown): Signature {
  return {
    ...predict,
    run: async () => {
      throw fail()
    },
  }
}

function giving(outputs: Record<string, TensorInfo>, given: Record<string, Tensor>): Signature {
  return { method: 'predict', inputs: { x: info('x:0', 'DT_FLOAT', null) }, outputs, run: async () => given }
}

const floats = (shape: number[], ...values: number[]): Tensor => ({
  dtype: 'DT_FLOAT',
  shape,
  values: Float32Array.from(values),
})

/** One signature for each thing that can come in or go out. */
const kinds: Servable = {
  version: 1,
  signatures: {
    float: echo({ default: info('d:0', 'DT_FLOAT', null) }),
    double: echo({ default: info('d:0', 'DT_DOUBLE', null) }),
    uint8: echo({ default: info('d:0', 'DT_UINT8', null) }),
    int8: echo({ default: info('d:0', 'DT_INT8', null) }),
    int16: echo({ default: info('d:0', 'DT_INT16', null) }),
    int32: echo({ default: info('d:0', 'DT_INT32', null) }),
    uint32: echo({ default: info('d:0', 'DT_UINT32', null) }),
    int64: echo({ default: info('d:0', 'DT_INT64', null) }),
    uint64: echo({ default: info('d:0', 'DT_UINT64', null) }),
    bool: echo({ default: info('d:0', 'DT_BOOL', null) }),
    string: echo({ default: info('d:0', 'DT_STRING', null) }),
    bytes: echo({ image_bytes: info('d:0', 'DT_STRING', null) }),
    pixels: echo({ image: info('d:0', 'DT_UINT8', [-1, 2, 3]) }),
    two: echo({ int_tensor: info('i:0', 'DT_INT32', null), str_tensor: info('s:0', 'DT_STRING', null) }),
    all: echo({
      int_tensor: info('i:0', 'DT_INT32', null),
      str_tensor: info('s:0', 'DT_STRING', null),
      float_tensor: info('f:0', 'DT_FLOAT', null),
      str_tensor_bytes: info('b:0', 'DT_STRING', null),
    }),
    nothing: echo({}),
    no_outputs: giving({}, {}),
    apart: giving(
      { a: info('a:0', 'DT_FLOAT', null), b: info('b:0', 'DT_FLOAT', null) },
      { a: floats([2, 1], 1, 2), b: floats([1, 2], 1, 2) }
    ),
    scalar: giving({ a: info('a:0', 'DT_FLOAT', null) }, { a: floats([], 1) }),
    empty: giving(
      { a: info('a:0', 'DT_FLOAT', null), b: info('b:0', 'DT_FLOAT', null) },
      { a: floats([0, 2]), b: floats([0, 3, 4]) }
    ),
    missing: giving({ a: info('a:0', 'DT_FLOAT', null) }, {}),
    renamed: giving({ a: info('a:0', 'DT_FLOAT', null) }, { b: floats([1], 1) }),
    retyped: giving({ a: info('a:0', 'DT_INT32', null) }, { a: floats([1], 1) }),
    misshapen: giving({ a: info('a:0', 'DT_FLOAT', null) }, { a: floats([3], 1) }),
    unprocessable: failing(() => new EdgeloopError('UNPROCESSABLE', 'The image does not decode')),
    overloaded: failing(() => new EdgeloopError('OVERLOADED', 'The queue is full')),
    unavailable: failing(() => new EdgeloopError('UNAVAILABLE', 'The worker restarts')),
    slow: failing(() => new EdgeloopError('TIMEOUT', 'It took too long')),
    broken: failing(() => new TypeError('undefined is not a function')),
    examples: {
      method: 'classify',
      inputs: { inputs: info('tf_example:0', 'DT_STRING', null) },
      outputs: { classes: info('c:0', 'DT_STRING', null) },
      run: async (examples) =>
        examples.map((example) =>
          Object.entries(example).map(([name, values]) => ({
            label: `${name}=${values.map((value) => (value instanceof Uint8Array ? `<${Buffer.from(value)}>` : (JSON.stringify(value) ?? ''))).join()}`,
            score: values.length,
          }))
        ),
    },
    unlabelled: {
      method: 'classify',
      inputs: { inputs: info('tf_example:0', 'DT_STRING', null) },
      outputs: { classes: info('c:0', 'DT_STRING', null) },
      run: async () => [],
    },
    numberless: {
      method: 'regress',
      inputs: { inputs: info('tf_example:0', 'DT_STRING', null) },
      outputs: { outputs: info('c:0', 'DT_FLOAT', null) },
      run: async () => [],
    },
  },
}

/** What the models of the tests are doing: which are in use, and which signal came with the last request. */
export interface Fixture {
  manager: ServableManager
  /** Uses that have not settled. */
  inUse(): number
}

/**
 * Three models in memory: `half_plus_two` in versions 123 (labelled `stable`), 124 (`canary`, serving) and 125 (which did not
 * load), `kinds`, and `a b/é:%` whose name has to be escaped.
 */
export function createFixture(): Fixture {
  const models = new Map<string, Servable[]>([
    ['half_plus_two', [halfPlusTwo(123), halfPlusTwo(124, 100)]],
    ['kinds', [kinds]],
    ['a b/é:%', [halfPlusTwo(7)]],
  ])
  let running = 0
  return {
    inUse: () => running,
    manager: {
      has: (model) => models.has(model),
      labels: (model) =>
        new Map(
          model === 'half_plus_two'
            ? [
                ['stable', 123],
                ['canary', 124],
                ['é 1', 123],
              ]
            : []
        ),
      versions(model): VersionStatus[] {
        const loaded = models.get(model)!.map(({ version }) => ({ version, state: 'AVAILABLE' }) as const)
        if (model !== 'half_plus_two') return loaded
        return [
          ...loaded,
          { version: 125, state: 'END', error: { code: 'NOT_FOUND', message: 'No such file' } },
        ]
      },
      async use(model, version, work) {
        const servables = models.get(model)
        const servable =
          version === undefined ? servables?.at(-1) : servables?.find((one) => one.version === version)
        if (!servable) return undefined
        running++
        try {
          return { value: await work(servable) }
        } finally {
          running--
        }
      },
    },
  }
}
