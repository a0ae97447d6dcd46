/**
 * What a value is. Integers are told from doubles, as `1` and `1.0` are not the same to a tensor of integers; integers
 * beyond 2^53 keep all their digits.
 */
export const Kind = {
  NULL: 0,
  FALSE: 1,
  TRUE: 2,
  INTEGER: 3,
  BIG_INTEGER: 4,
  DOUBLE: 5,
  STRING: 6,
  ARRAY: 7,
  OBJECT: 8,
} as const

/**
 * JSON in memory, as one row a value: a body of a million numbers costs 13 bytes a number, and no depth of nesting needs a
 * stack. A node is the number of a row. An array's rows are itself, then each element with all that is in it; an object's
 * are itself, then name and value in turns. Members keep their order, and names that come twice stay both.
 */
export interface JsonDocument {
  /** The text; strings have been unescaped where they stand. */
  bytes: Uint8Array
  kinds: Uint8Array
  /** A number's value, a big integer's index in `bigs`, how many elements or members there are, where a string begins. */
  numbers: Float64Array
  /** The row after an array or object and all that is in it; the byte after a string. */
  ends: Int32Array
  bigs: bigint[]
}

/** The document's outermost value. */
export const ROOT = 0

/** The row behind a value and all that is in it. */
export function rowAfter({ kinds, ends }: JsonDocument, node: number): number {
  return kinds[node]! >= Kind.ARRAY ? ends[node]! : node + 1
}

/** How many elements an array has, or an object members. */
export function sizeOf({ numbers }: JsonDocument, node: number): number {
  return numbers[node]!
}

/** An array's elements. */
export function* elements(document: JsonDocument, array: number): Generator<number> {
  const end = document.ends[array]!
  for (let node = array + 1; node < end; node = rowAfter(document, node)) yield node
}

/** An object's members: name and the node of the value, in the order of the text. */
export function* members(document: JsonDocument, object: number): Generator<[name: string, value: number]> {
  const end = document.ends[object]!
  for (let node = object + 1; node < end; node = rowAfter(document, node + 1)) {
    yield [textOf(document, node), node + 1]
  }
}

/** The value of the first member with that name. */
export function findMember(document: JsonDocument, object: number, name: string): number | undefined {
  const wanted = Buffer.from(name)
  const end = document.ends[object]!
  for (let node = object + 1; node < end; node = rowAfter(document, node + 1))
    if (wanted.equals(bytesOf(document, node))) return node + 1
  return undefined
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** A string; bytes that are no UTF-8 are replaced. */
export function textOf(document: JsonDocument, node: number): string {
  return utf8.decode(bytesOf(document, node))
}

/** A string's bytes as they came, without a copy. */
export function bytesOf({ bytes, numbers, ends }: JsonDocument, node: number): Uint8Array {
  return bytes.subarray(numbers[node]!, ends[node]!)
}

/** What messages call a value's type. */
export function typeName({ kinds }: JsonDocument, node: number): string {
  switch (kinds[node]) {
    case Kind.NULL:
      return 'Null'
    case Kind.FALSE:
      return 'False'
    case Kind.TRUE:
      return 'True'
    case Kind.STRING:
      return 'String'
    case Kind.ARRAY:
      return 'Array'
    case Kind.OBJECT:
      return 'Object'
    default:
      return 'Number'
  }
}
