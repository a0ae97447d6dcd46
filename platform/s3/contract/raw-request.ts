/** Sends one signed request as it stands, for what the SDK refuses to send. @module */
import { type IncomingHttpHeaders, request } from 'node:http'
import { readAddress } from '../address.ts'
import {
  ALGORITHM,
  canonicalRequest,
  hmac,
  scopeText,
  sha256Hex,
  signingKey,
  stringToSign,
} from '../sigv4.ts'
import type { S3Target } from './target.ts'

export interface RawRequest {
  method: string
  /** With its query. */
  path: string
  headers?: Record<string, string>
  /** Pieces are sent one by one. */
  body?: string | Buffer | readonly (string | Buffer)[]
  /** `x-amz-content-sha256`; the body's hash without it. */
  payloadHash?: string
  /** @default now */
  date?: Date
  /** Makes the body out of the request's signature: signed chunks. */
  sign?: (seed: SignedSeed) => string | Buffer
}

export interface SignedSeed {
  key: Buffer
  scope: string
  time: string
  signature: string
}

export interface RawAnswer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

export async function rawRequest(target: S3Target, raw: RawRequest): Promise<RawAnswer> {
  const url = new URL(target.endpoint)
  const pieces = [raw.body ?? []].flat().map((piece) => Buffer.from(piece))
  const time = amzTime(raw.date ?? new Date())
  const payloadHash = raw.payloadHash ?? sha256Hex(Buffer.concat(pieces))
  const headers: Record<string, string> = {
    host: url.host,
    'x-amz-date': time,
    'x-amz-content-sha256': payloadHash,
    ...raw.headers,
  }
  const address = readAddress(raw.path)
  const signedHeaders = Object.keys(headers).sort()
  const scope = { day: time.slice(0, 8), region: target.region ?? 'us-east-1', service: 's3' }
  const canonical = canonicalRequest({
    method: raw.method,
    path: address.path,
    pairs: address.pairs,
    headers,
    signedHeaders,
    payloadHash,
  })
  const key = signingKey(target.secretAccessKey, scope)
  const signature = hmac(key, stringToSign(time, scope, canonical)).toString('hex')
  const credential = `${target.accessKeyId}/${scopeText(scope)}`
  headers.authorization = `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`
  if (raw.sign) pieces.push(Buffer.from(raw.sign({ key, scope: scopeText(scope), time, signature })))
  headers['content-length'] ??= String(pieces.reduce((sum, { length }) => sum + length, 0))
  return send(url, raw, headers, pieces)
}

/** A path that carries its signature: GET for `expires` seconds. */
export function presign(target: S3Target, path: string, expires: number, date = new Date()): string {
  const time = amzTime(date)
  const scope = { day: time.slice(0, 8), region: target.region ?? 'us-east-1', service: 's3' }
  const pairs: [string, string][] = [
    ['X-Amz-Algorithm', ALGORITHM],
    ['X-Amz-Credential', `${target.accessKeyId}/${scopeText(scope)}`],
    ['X-Amz-Date', time],
    ['X-Amz-Expires', String(expires)],
    ['X-Amz-SignedHeaders', 'host'],
  ]
  const headers = { host: new URL(target.endpoint).host }
  const signed = {
    method: 'GET',
    path,
    pairs,
    headers,
    signedHeaders: ['host'],
    payloadHash: 'UNSIGNED-PAYLOAD',
  }
  const key = signingKey(target.secretAccessKey, scope)
  const signature = hmac(key, stringToSign(time, scope, canonicalRequest(signed))).toString('hex')
  return `${path}?${new URLSearchParams([...pairs, ['X-Amz-Signature', signature]])}`
}

function amzTime(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d{3}/g, '')
}

function send(
  { hostname, port }: URL,
  { method, path }: RawRequest,
  headers: Record<string, string>,
  pieces: readonly Buffer[]
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sending = request({ hostname, port, method, path, headers, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (piece: string) => {
        text += piece
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
    })
    sending.on('error', reject)
    void (async () => {
      for (const piece of pieces) {
        sending.write(piece)
        if (pieces.length > 1) await new Promise((next) => setTimeout(next, 2))
      }
      sending.end()
    })()
  })
}
