import { bytesOf, elements, type JsonDocument, Kind, textOf } from './document.ts'
import { PrettyWriter } from './pretty-writer.ts'

const MAX_CHARACTERS = 256

const utf8 = new TextDecoder()

/**
 * A value as messages show it: cut off behind 256 characters, wherever that is, or at a number that is not finite. A string
 * of its own is cut there, too, so that no message grows with the request.
 */
export function debugText(document: JsonDocument, node: number): string {
  const writer = new PrettyWriter()
  writer.singleLineArrays = true
  write(document, node, writer)
  return writer.toString()
}

/** False: there is no room for more. Each level takes some of it, so that this recurses no deeper than the limit. */
function write(document: JsonDocument, node: number, writer: PrettyWriter): boolean {
  if (writer.length >= MAX_CHARACTERS) return false
  switch (document.kinds[node]) {
    case Kind.NULL:
      writer.raw('null')
      return true
    case Kind.FALSE:
      writer.raw('false')
      return true
    case Kind.TRUE:
      writer.raw('true')
      return true
    case Kind.INTEGER:
      writer.raw(String(document.numbers[node]))
      return true
    case Kind.BIG_INTEGER:
      writer.raw(String(document.bigs[document.numbers[node]!]))
      return true
    case Kind.DOUBLE: {
      const value = document.numbers[node]!
      writer.raw(Number.isFinite(value) ? doubleText(value) : '')
      return Number.isFinite(value)
    }
    case Kind.STRING:
      writer.string(shortText(document, node))
      return true
    case Kind.ARRAY:
      writer.startArray()
      for (const element of elements(document, node)) if (!write(document, element, writer)) return false
      if (writer.length >= MAX_CHARACTERS) return false
      writer.endArray()
      return true
    default:
      writer.startObject()
      // Names are rows like any other.
      for (const row of elements(document, node)) if (!write(document, row, writer)) return false
      if (writer.length >= MAX_CHARACTERS) return false
      writer.endObject()
      return true
  }
}

function shortText(document: JsonDocument, node: number): string {
  const bytes = bytesOf(document, node)
  return bytes.length <= MAX_CHARACTERS
    ? textOf(document, node)
    : utf8.decode(bytes.subarray(0, MAX_CHARACTERS), { stream: false })
}

/** The shortest text that is read as that double, with a point: `1.0`, `0.1`, `1e30`. */
function doubleText(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value).replace('e+', 'e')
  return /[.e]/.test(text) ? text : `${text}.0`
}
