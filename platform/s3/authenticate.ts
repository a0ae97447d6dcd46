/** Decides whether a request was signed with our secret, by header or by query (presigned). @module */
import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Address } from './address.ts'
import { type ChunkSigner, createChunkSigner } from './chunk-signer.ts'
import { S3Error } from './s3-error.ts'
import { ALGORITHM, canonicalRequest, hmac, type Scope, signingKey, stringToSign } from './sigv4.ts'

export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
}

/** What the signature says about the body. */
export interface Authenticated {
  /** `x-amz-content-sha256`: a hash in hex, `UNSIGNED-PAYLOAD` or `STREAMING-…`. */
  payloadHash: string
  /** Checks the signatures of an aws-chunked body, where it has some. */
  chunkSigner: ChunkSigner | undefined
}

interface Claim {
  accessKeyId: string
  scope: Scope
  time: string
  signedHeaders: string[]
  signature: string
  pairs: [string, string][]
  payloadHash: string
}

const MAX_SKEW_MS = 15 * 60_000
const MAX_EXPIRES_S = 7 * 24 * 3600

/** Throws S3's 400s and 403s; the key of a day is derived once. */
export function createAuthenticator(credentials: Credentials, now: () => number = Date.now) {
  let cached: { id: string; key: Buffer } | undefined

  function keyOf(scope: Scope): Buffer {
    const id = `${scope.day}/${scope.region}`
    if (cached?.id !== id) cached = { id, key: signingKey(credentials.secretAccessKey, scope) }
    return cached.key
  }

  return (method: string, address: Address, headers: IncomingHttpHeaders): Authenticated => {
    const presigned = address.query.has('X-Amz-Signature')
    if (!presigned && headers.authorization === undefined) throw new S3Error('AccessDenied')
    const claim = presigned ? fromQuery(address) : fromHeader(address, headers)
    const { scope, time, signedHeaders, payloadHash } = claim
    if (claim.accessKeyId !== credentials.accessKeyId) throw new S3Error('InvalidAccessKeyId')
    checkTime(claim, presigned ? Number(address.query.get('X-Amz-Expires')) : undefined, now())
    checkSigned(signedHeaders, headers)
    const key = keyOf(scope)
    const canonical = canonicalRequest({
      method,
      path: address.path,
      pairs: claim.pairs,
      headers,
      signedHeaders,
      payloadHash,
    })
    const expected = hmac(key, stringToSign(time, scope, canonical))
    const given = Buffer.from(claim.signature, 'hex')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new S3Error('SignatureDoesNotMatch')
    }
    const chunkSigner = payloadHash.startsWith(`STREAMING-${ALGORITHM}`)
      ? createChunkSigner({ key, scope, time, seed: claim.signature })
      : undefined
    return { payloadHash, chunkSigner }
  }
}

function fromHeader(address: Address, headers: IncomingHttpHeaders): Claim {
  const text = headers.authorization ?? ''
  const parts =
    /^AWS4-HMAC-SHA256 +Credential=([^,]+), *SignedHeaders=([^,]+), *Signature=([0-9a-f]{64})$/.exec(text)
  const time = headers['x-amz-date']
  const payloadHash = headers['x-amz-content-sha256']
  if (!parts || typeof time !== 'string') throw new S3Error('AuthorizationHeaderMalformed')
  if (typeof payloadHash !== 'string') {
    throw new S3Error('InvalidRequest', 'The x-amz-content-sha256 header is missing.')
  }
  const signedHeaders = parts[2]!.split(';')
  return {
    ...credential(parts[1]!),
    time,
    signedHeaders,
    signature: parts[3]!,
    pairs: address.pairs,
    payloadHash,
  }
}

function fromQuery({ query, pairs }: Address): Claim {
  const time = query.get('X-Amz-Date')
  const signed = query.get('X-Amz-SignedHeaders')
  const expires = Number(query.get('X-Amz-Expires') ?? Number.NaN)
  const valid = query.get('X-Amz-Algorithm') === ALGORITHM && time && signed
  if (!valid || !(expires >= 1 && expires <= MAX_EXPIRES_S)) {
    throw new S3Error('AuthorizationQueryParametersError')
  }
  return {
    ...credential(query.get('X-Amz-Credential') ?? ''),
    time,
    signedHeaders: signed.split(';'),
    signature: query.get('X-Amz-Signature')!,
    pairs: pairs.filter(([name]) => name !== 'X-Amz-Signature'),
    payloadHash: query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD',
  }
}

function credential(text: string): { accessKeyId: string; scope: Scope } {
  const parts = text.split('/')
  const [terminator, service, region, day] = parts.reverse()
  if (parts.length < 5 || terminator !== 'aws4_request' || service !== 's3' || !/^\d{8}$/.test(day!)) {
    throw new S3Error('AuthorizationHeaderMalformed')
  }
  return { accessKeyId: parts.slice(4).reverse().join('/'), scope: { day: day!, region: region!, service } }
}

function checkTime({ time, scope }: Claim, expiresS: number | undefined, now: number): void {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time)
  if (!parts || !time.startsWith(scope.day)) throw new S3Error('AuthorizationHeaderMalformed')
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [number, ...number[]]
  const age = now - Date.UTC(year, month! - 1, day, hour, minute, second)
  if (age < -MAX_SKEW_MS) throw new S3Error('RequestTimeTooSkewed')
  if (expiresS === undefined && age > MAX_SKEW_MS) throw new S3Error('RequestTimeTooSkewed')
  if (expiresS !== undefined && age > expiresS * 1000) throw new S3Error('ExpiredToken')
}

/** Whatever changes the meaning of a request has to be signed. */
function checkSigned(signedHeaders: string[], headers: IncomingHttpHeaders): void {
  const unsigned = Object.keys(headers).find(
    (name) => name.startsWith('x-amz-') && !signedHeaders.includes(name)
  )
  if (unsigned !== undefined || !signedHeaders.includes('host')) {
    throw new S3Error('AccessDenied', `The header ${unsigned ?? 'host'} was not signed.`)
  }
}
