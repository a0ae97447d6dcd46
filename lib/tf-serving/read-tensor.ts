import { debugText } from './debug-text.ts'
import { type JsonDocument, Kind, rowAfter, sizeOf, typeName } from './document.ts'
import { traitsOf } from './dtypes.ts'
import { MAX_RANK, type ObjectBudget } from './limits.ts'
import type { Tensor } from './servable.ts'
import { invalidArgument } from './serving-error.ts'

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
export function readValues(
  document: JsonDocument,
  node: number,
  shape: readonly number[],
  { dtype, values }: Tensor,
  from: number,
  budget: ObjectBudget
): number {
  const { put, name } = traitsOf(dtype)
  const rank = shape.length
  let at = from

  /** Recurses no deeper than the rank. */
  function read(value: number, level: number): void {
    if (document.kinds[value] !== Kind.ARRAY) {
      if (level !== rank) {
        throw invalidArgument(
          `JSON Value: ${debugText(document, value)} found at incorrect level: ${level + 1} in the JSON DOM. Expected at level: ${rank}`
        )
      }
      if (!put(values, at, document, value, budget)) {
        throw invalidArgument(
          `JSON Value: ${debugText(document, value)} Type: ${typeName(document, value)} is not of expected type: ${name}`
        )
      }
      at++
      return
    }
    if (level >= rank) {
      throw invalidArgument(`Encountered list at unexpected level: ${level} expected < ${rank}`)
    }
    const size = sizeOf(document, value)
    if (size !== shape[level]) {
      throw invalidArgument(
        `Encountered list at unexpected size: ${size} at level: ${level} expected size: ${shape[level]}`
      )
    }
    const end = document.ends[value]!
    for (let element = value + 1; element < end; element = rowAfter(document, element))
      read(element, level + 1)
  }

  read(node, 0)
  return at
}
