import { decimal } from './decimal.ts'
import { bytesOf, type JsonDocument, Kind } from './document.ts'
import type { ObjectBudget } from './limits.ts'
import type { DType, Values } from './servable.ts'

/** What JSON and one kind of values have to do with each other. */
interface DTypeTraits {
  /** As messages call it. */
  name: string
  /** Room for so many values. */
  room(size: number): Values
  /** Whether those are values of this kind. */
  owns(values: Values): boolean
  /** Puts a JSON value at a place; false where it is of another type or out of range. */
  put(values: Values, at: number, document: JsonDocument, node: number, budget: ObjectBudget): boolean
  /** The value at a place, as JSON. */
  text(values: Values, at: number): string
}

type Floats = Float32Array | Float64Array
type SmallIntegers = Uint8Array | Int8Array | Int16Array | Int32Array | Uint32Array
type BigIntegers = BigInt64Array | BigUint64Array

/** Any number, rounded to what there is room for. */
function floats(name: string, array: new (size: number) => Floats): DTypeTraits {
  const single = array === Float32Array
  return {
    name,
    room: (size) => new array(size),
    owns: (values) => values instanceof array,
    put(values, at, { kinds, numbers, bigs }, node) {
      const kind = kinds[node]!
      if (kind === Kind.INTEGER || kind === Kind.DOUBLE) (values as Floats)[at] = numbers[node]!
      else if (kind === Kind.BIG_INTEGER) (values as Floats)[at] = Number(bigs[numbers[node]!])
      else return false
      return true
    },
    text: (values, at) => decimal((values as Floats)[at]!, single),
  }
}

/** Numbers written without a point, no smaller and no larger. */
function smallIntegers(
  name: string,
  array: new (size: number) => SmallIntegers,
  min: number,
  max: number
): DTypeTraits {
  return {
    name,
    room: (size) => new array(size),
    owns: (values) => values instanceof array,
    put(values, at, { kinds, numbers }, node) {
      const value = numbers[node]!
      if (kinds[node] !== Kind.INTEGER || value < min || value > max) return false
      ;(values as SmallIntegers)[at] = value
      return true
    },
    text: (values, at) => String((values as SmallIntegers)[at]),
  }
}

function bigIntegers(
  name: string,
  array: new (size: number) => BigIntegers,
  min: bigint,
  max: bigint
): DTypeTraits {
  return {
    name,
    room: (size) => new array(size),
    owns: (values) => values instanceof array,
    put(values, at, { kinds, numbers, bigs }, node) {
      const number = numbers[node]!
      let value: bigint
      if (kinds[node] === Kind.INTEGER) value = BigInt(number)
      else if (kinds[node] === Kind.BIG_INTEGER) value = bigs[number]!
      else return false
      if (value < min || value > max) return false
      ;(values as BigIntegers)[at] = value
      return true
    },
    text: (values, at) => String((values as BigIntegers)[at]),
  }
}

const booleans: DTypeTraits = {
  name: 'bool',
  room: () => [] as boolean[],
  owns: (values) => Array.isArray(values) && values.every((value) => typeof value === 'boolean'),
  put(values, at, { kinds }, node) {
    const kind = kinds[node]
    if (kind !== Kind.TRUE && kind !== Kind.FALSE) return false
    ;(values as boolean[])[at] = kind === Kind.TRUE
    return true
  },
  text: (values, at) => String((values as boolean[])[at]),
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

const strings: DTypeTraits = {
  name: 'string',
  room: () => [] as Uint8Array[],
  owns: (values) => Array.isArray(values) && values.every((value) => value instanceof Uint8Array),
  put(values, at, document, node, budget) {
    if (document.kinds[node] !== Kind.STRING) return false
    budget.take()
    ;(values as Uint8Array[])[at] = bytesOf(document, node)
    return true
  },
  text: (values, at) => JSON.stringify(utf8.decode((values as Uint8Array[])[at])),
}

const TRAITS: Readonly<Record<DType, DTypeTraits>> = {
  DT_FLOAT: floats('float', Float32Array),
  DT_DOUBLE: floats('double', Float64Array),
  DT_UINT8: smallIntegers('uint8', Uint8Array, 0, 255),
  DT_INT8: smallIntegers('int8', Int8Array, -128, 127),
  DT_INT16: smallIntegers('int16', Int16Array, -32768, 32767),
  DT_INT32: smallIntegers('int32', Int32Array, -(2 ** 31), 2 ** 31 - 1),
  DT_UINT32: smallIntegers('uint32', Uint32Array, 0, 2 ** 32 - 1),
  DT_INT64: bigIntegers('int64', BigInt64Array, -(2n ** 63n), 2n ** 63n - 1n),
  DT_UINT64: bigIntegers('uint64', BigUint64Array, 0n, 2n ** 64n - 1n),
  DT_STRING: strings,
  DT_BOOL: booleans,
}

export function traitsOf(dtype: DType): DTypeTraits {
  return TRAITS[dtype]
}
