import { debugText } from './debug-text.ts'
import { type JsonDocument, Kind, rowAfter, sizeOf, typeName } from './document.ts'
import { traitsOf } from './dtypes.ts'
import { MAX_RANK, type ObjectBudget } from './limits.ts'
import { readBase64 } from './read-base64.ts'
import type { Tensor } from './servable.ts'
import { invalidArgument } from './serving-error.ts'
import type { Slices } from './slices.ts'

/** So many values are read between two places where the reader may be interrupted: about a millisecond. */
const READ = 2 ** 14

/**
 * The shape that nested lists begin with; whether they keep it shows when they are read. A single value has none.
 * @throws ServingError INVALID_ARGUMENT for more dimensions than a tensor can have
 */
export function denseShape({ kinds, numbers }: JsonDocument, node: number): number[] {
  const shape: number[] = []
  for (let at = node; kinds[at] === Kind.ARRAY; at++) {
    if (shape.length === MAX_RANK) throw invalidArgument(`Lists are nested deeper than ${MAX_RANK} levels`)
    shape.push(numbers[at]!)
    if (numbers[at] === 0) break
  }
  return shape
}

/**
 * Puts the values of nested lists of that shape into the tensor, from a place on.
 *
 * @returns the place after the last of them
 * @throws ServingError INVALID_ARGUMENT for lists of another shape and for values that the tensor cannot hold
 */
export function* readValues(
  document: JsonDocument,
  node: number,
  shape: readonly number[],
  { dtype, values }: Tensor,
  from: number,
  budget: ObjectBudget
): Slices<number> {
  const { put, name } = traitsOf(dtype)
  const { kinds, ends } = document
  const rank = shape.length
  const last = rowAfter(document, node)
  /** Where the lists end that are open. */
  const open: number[] = []
  let at = from
  let value = node
  let rest = READ
  while (value < last) {
    while (value === open.at(-1)) open.pop()
    const level = open.length
    if (kinds[value] !== Kind.ARRAY) {
      if (level !== rank) {
        throw invalidArgument(
          `JSON Value: ${debugText(document, value)} found at incorrect level: ${level + 1} in the JSON DOM. Expected at level: ${rank}`
        )
      }
      if (kinds[value] === Kind.OBJECT && dtype === 'DT_STRING') {
        budget.take()
        ;(values as Uint8Array[])[at] = yield* readBase64(document, value)
      } else if (!put(values, at, document, value, budget)) {
        throw invalidArgument(
          `JSON Value: ${debugText(document, value)} Type: ${typeName(document, value)} is not of expected type: ${name}`
        )
      }
      at++
      value = rowAfter(document, value)
    } else {
      if (level >= rank) {
        throw invalidArgument(`Encountered list at unexpected level: ${level} expected < ${rank}`)
      }
      const size = sizeOf(document, value)
      if (size !== shape[level]) {
        throw invalidArgument(
          `Encountered list at unexpected size: ${size} at level: ${level} expected size: ${shape[level]}`
        )
      }
      open.push(ends[value]!)
      value++
    }
    if (rest-- === 0) {
      yield
      rest = READ
    }
  }
  return at
}
