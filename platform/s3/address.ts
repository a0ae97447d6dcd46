/** What a request names: bucket, key and query, read from the raw target because keys may hold `//` and `..`. @module */
import { S3Error } from './s3-error.ts'

export interface Address {
  /** The path as it was sent. */
  path: string
  /** Undefined for the service itself. */
  bucket: string | undefined
  /** Undefined for the bucket itself. */
  key: string | undefined
  /** Decoded pairs in the order sent. */
  pairs: [string, string][]
  query: Map<string, string>
}

const MAX_KEY_BYTES = 1024

/** Decodes a request target (path style). Throws `InvalidURI` and `KeyTooLongError`. */
export function readAddress(target: string): Address {
  // A proxy-style target carries its origin.
  const local = target.replace(/^https?:\/\/[^/]+/, '')
  const mark = local.indexOf('?')
  const path = mark < 0 ? local : local.slice(0, mark)
  const slash = path.indexOf('/', 1)
  const bucket = decode(slash < 0 ? path.slice(1) : path.slice(1, slash))
  const key = slash < 0 ? '' : decode(path.slice(slash + 1))
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new S3Error('KeyTooLongError')
  const pairs = mark < 0 ? [] : readQuery(local.slice(mark + 1))
  return { path, bucket: bucket || undefined, key: key || undefined, pairs, query: new Map(pairs) }
}

function readQuery(query: string): [string, string][] {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=')
      const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
      return [decode(name.replaceAll('+', ' ')), decode(value.replaceAll('+', ' '))]
    })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new S3Error('InvalidURI')
  }
}

/** Percent-encodes as signature version 4 wants it: everything but RFC 3986's unreserved characters. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`
  )
}
