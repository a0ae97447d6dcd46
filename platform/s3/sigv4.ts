/**
 * AWS signature version 4 as S3 uses it: what is signed, and the keys. Format: "Signature Calculations for the
 * Authorization Header" of the Amazon S3 API reference.
 * @module
 */
import { createHash, createHmac } from 'node:crypto'
import { encodeRfc3986 } from './address.ts'

export const ALGORITHM = 'AWS4-HMAC-SHA256'

/** Date, region, service and terminator that a signing key is bound to. */
export interface Scope {
  /** `YYYYMMDD` */
  day: string
  region: string
  service: string
}

export interface CanonicalInput {
  method: string
  /** The path as it was sent. */
  path: string
  /** Decoded pairs, without the signature itself. */
  pairs: readonly (readonly [string, string])[]
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** Lower case. */
  signedHeaders: readonly string[]
  payloadHash: string
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

export function hmac(key: string | Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

export function scopeText({ day, region, service }: Scope): string {
  return `${day}/${region}/${service}/aws4_request`
}

export function signingKey(secretAccessKey: string, { day, region, service }: Scope): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, day), region), service), 'aws4_request')
}

/** The request in the form that is hashed and signed. */
export function canonicalRequest(input: CanonicalInput): string {
  // S3 encodes the path once, and never resolves dots or double slashes.
  const path = input.path.split('/').map(encodeSegment).join('/')
  const query = input.pairs
    .map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value)] as const)
    .sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  const headers = input.signedHeaders.map((name) => `${name}:${headerText(input.headers[name])}\n`).join('')
  const names = input.signedHeaders.join(';')
  return `${input.method}\n${path || '/'}\n${query}\n${headers}\n${names}\n${input.payloadHash}`
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function encodeSegment(segment: string): string {
  return encodeRfc3986(decodeURIComponent(segment))
}

function headerText(value: string | string[] | undefined): string {
  const text = Array.isArray(value) ? value.join(',') : (value ?? '')
  return text.trim().replace(/ +/g, ' ')
}

/** What the signing key signs for a whole request. `time` is `YYYYMMDDTHHMMSSZ`. */
export function stringToSign(time: string, scope: Scope, canonical: string): string {
  return `${ALGORITHM}\n${time}\n${scopeText(scope)}\n${sha256Hex(canonical)}`
}
