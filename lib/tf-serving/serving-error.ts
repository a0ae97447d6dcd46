import { asEdgeloopError, type EdgeloopError } from '../errors/index.ts'

/** TensorFlow Serving's codes with the HTTP status of each. */
const STATUS = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  UNKNOWN: 500,
  INTERNAL: 500,
  DATA_LOSS: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
} as const

export type ServingCode = keyof typeof STATUS

/** A failure as TensorFlow Serving names it; its message is all that a client gets to read. */
export class ServingError extends Error {
  readonly code: ServingCode

  constructor(code: ServingCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ServingError'
    this.code = code
  }

  /** The HTTP status that this error answers with. */
  get status(): number {
    return STATUS[this.code]
  }
}

/** The request cannot be served as it is. */
export function invalidArgument(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}

/** Names any failure with one of TensorFlow Serving's codes; what nobody foresaw becomes INTERNAL. */
export function asServingError(thrown: unknown): ServingError {
  if (thrown instanceof ServingError) return thrown
  const error = asEdgeloopError(thrown)
  return new ServingError(codeOf(error), error.message, thrown)
}

function codeOf({ status }: EdgeloopError): ServingCode {
  switch (status) {
    case 400:
    case 413:
    case 415:
    case 421:
    case 422:
      return 'INVALID_ARGUMENT'
    case 401:
      return 'UNAUTHENTICATED'
    case 404:
      return 'NOT_FOUND'
    case 409:
      return 'ABORTED'
    case 429:
      return 'RESOURCE_EXHAUSTED'
    case 500:
      return 'INTERNAL'
    case 502:
    case 503:
      return 'UNAVAILABLE'
    case 504:
      return 'DEADLINE_EXCEEDED'
  }
}
