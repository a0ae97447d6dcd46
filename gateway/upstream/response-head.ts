import { endsWithItsHead, isOfTheConnection } from '../../lib/forwarding/index.ts'
import { unreadable } from './unreadable.ts'

/** What an HTTP/1.1 answer begins with, as far as whoever passes it on has to know. */
export interface ResponseHead {
  status: number
  reason: string
  /** Names and values in turn, without what belongs to the connection. */
  headers: string[]
  /** How the body ends. */
  body: 'none' | 'length' | 'chunked' | 'until close'
  /** In bytes, with `body: 'length'`. */
  length: number
  /** Whether the connection can be used again. */
  persistent: boolean
  /** For how long it may lie idle, where the other side says, in milliseconds. */
  idleMs: number | undefined
}

/** What neither a status line nor a field has, RFC 9112, 4 and RFC 9110, 5.5; and ends of lines that are half an end. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NOT_PRINTABLE = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/

/**
 * Reads status line and header lines. It is strict: what two readers could take for different messages is refused.
 *
 * @param text up to the empty line, without it
 * @param method of the request: an answer to HEAD has no body
 * @throws EdgeloopError BAD_GATEWAY saying what is wrong with it
 */
export function readResponseHead(text: string, method: string): ResponseHead {
  if (NOT_PRINTABLE.test(text)) throw unreadable('it answers with characters that a header cannot have')
  const fields = readFields(text)
  const { connection, encoding, length } = readFraming(fields)
  const status = Number(text.slice(9, 12))
  const body = framingOf(endsWithItsHead(method, status), encoding, length)
  const options = connection?.toLowerCase()
  const lasts = text[7] === '1' ? !options?.includes('close') : options?.includes('keep-alive')
  return {
    status,
    reason: text.slice(13, endOfLine(text, 0)),
    // With 204 a length means nothing, and is not to be sent (RFC 9110, 8.6).
    headers: withoutConnection(fields, options, encoding || status === 204),
    body,
    length: body === 'length' ? length! : 0,
    persistent: lasts === true && body !== 'until close' && !isAmbiguous(status, encoding, length),
    idleMs: idleMs(fields),
  }
}

function framingOf(isEmpty: boolean, encoding: boolean, length: number | undefined): ResponseHead['body'] {
  if (isEmpty) return 'none'
  if (encoding) return 'chunked'
  return length === undefined ? 'until close' : 'length'
}

/**
 * Whether another reader might see its end elsewhere: a length and an encoding at a time is how messages are smuggled, and
 * whoever announces a body with 204, which has none (RFC 9112, 6.1), may send it, too.
 */
function isAmbiguous(status: number, encoding: boolean, length: number | undefined): boolean {
  return (encoding && length !== undefined) || (status === 204 && (encoding || (length ?? 0) > 0))
}

/** Names and values in turn. */
function readFields(text: string): string[] {
  let at = endOfLine(text, 0)
  if (!/^HTTP\/1\.[01] [1-9]\d\d(?: |$)/.test(text.slice(0, Math.min(at, 13))))
    throw unreadable('it does not answer in HTTP/1.1')
  const fields: string[] = []
  while (at < text.length) {
    const start = at + 2
    at = endOfLine(text, start)
    const colon = text.indexOf(':', start)
    const name = text.slice(start, colon)
    if (colon === -1 || colon > at || !/^[\w!#$%&'*+.^`|~-]+$/.test(name))
      throw unreadable('it answers with a header line that is none')
    fields.push(name, text.slice(colon + 1, at).trim())
  }
  return fields
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\r\n', from)
  return end === -1 ? text.length : end
}

function readFraming(fields: readonly string[]): {
  connection: string | undefined
  encoding: boolean
  length: number | undefined
} {
  const connection = valueIn(fields, 'connection')
  const encoding = valueIn(fields, 'transfer-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked')
    throw unreadable(`its Transfer-Encoding is ${encoding}`)
  const length = valueIn(fields, 'content-length')
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw unreadable('its Content-Length is none')
  return {
    connection,
    encoding: encoding !== undefined,
    length: length === undefined ? undefined : Number(length),
  }
}

/** Of a header that comes more than once, all values, with commas. */
function valueIn(fields: readonly string[], name: string): string | undefined {
  let value: string | undefined
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]!.length !== name.length || fields[i]!.toLowerCase() !== name) continue
    value = value === undefined ? fields[i + 1]! : `${value},${fields[i + 1]}`
  }
  return value
}

function withoutConnection(
  fields: readonly string[],
  connection: string | undefined,
  withoutLength: boolean
): string[] {
  const rest: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.toLowerCase()
    if (isOfTheConnection(name, connection) || (withoutLength && name === 'content-length')) continue
    rest.push(fields[i]!, fields[i + 1]!)
  }
  return rest
}

function idleMs(fields: readonly string[]): number | undefined {
  const seconds = /timeout=(\d+)/.exec(valueIn(fields, 'keep-alive') ?? '')?.[1]
  return seconds ? Number(seconds) * 1000 : undefined
}
