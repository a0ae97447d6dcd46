/**
 * One error class with a closed set of codes, so that every door can turn any failure into the right answer.
 * @module
 */

/** Each code with the HTTP status that it answers with when it leaves through a function or a gateway. */
const STATUS = {
  /** The request or file is malformed: sending it again cannot help. */
  INVALID_INPUT: 400,
  /** Credentials are missing or wrong. */
  UNAUTHENTICATED: 401,
  /** What was named does not exist. */
  NOT_FOUND: 404,
  /** It exists already, or somebody else changed it first. */
  CONFLICT: 409,
  /** More bytes or pixels than the limit. */
  TOO_LARGE: 413,
  /** The bytes are of a kind that is not accepted here. */
  UNSUPPORTED_MEDIA: 415,
  /** Well-formed, but it cannot be processed (an image that does not decode). */
  UNPROCESSABLE: 422,
  /** It is at another place: the hint says where. */
  MISDIRECTED: 421,
  /** A bound on concurrency, queue or rate is reached: try again later. */
  OVERLOADED: 429,
  /** Something that was stored does not match its hash or its format. */
  CORRUPT: 500,
  /** A setting of this deployment is missing or wrong: the request is not to blame. */
  MISCONFIGURED: 500,
  /** A promise of this program is broken. */
  INTERNAL: 500,
  /** What should have answered broke off, or answered what cannot be understood. */
  BAD_GATEWAY: 502,
  /** Something that this depends on is out of reach or not ready yet: try again. */
  UNAVAILABLE: 503,
  /** It took longer than its limit. */
  TIMEOUT: 504,
} as const

export type ErrorCode = keyof typeof STATUS

export interface ErrorDetail {
  /** Where: a file, a field, a key, an address. Never a secret. */
  where?: string
  /** What the reader can do about it, as a sentence. */
  hint?: string
  cause?: unknown
}

/** What was wrong, where, and what to do about it. */
export class EdgeloopError extends Error {
  readonly code: ErrorCode
  readonly where: string | undefined
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, { cause: detail.cause })
    this.name = 'EdgeloopError'
    this.code = code
    this.where = detail.where
    this.hint = detail.hint
  }

  /** The HTTP status that this error answers with. */
  get status(): (typeof STATUS)[ErrorCode] {
    return STATUS[this.code]
  }

  /** The body that this error answers with. */
  toJSON(): { error: string; code: ErrorCode; where?: string; hint?: string } {
    return { error: this.message, code: this.code, where: this.where, hint: this.hint }
  }
}

/** Turns anything that was thrown into an EdgeloopError; foreign errors become `INTERNAL` with their cause kept. */
export function asEdgeloopError(thrown: unknown): EdgeloopError {
  if (thrown instanceof EdgeloopError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new EdgeloopError('INTERNAL', message, { cause: thrown })
}

/** For work that nobody waits for any more. */
export function abandoned(): EdgeloopError {
  return new EdgeloopError('UNAVAILABLE', 'whoever asked for it has gone')
}
