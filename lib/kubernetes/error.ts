import { EdgeloopError, type ErrorCode } from '../errors/index.ts'

/** What Kubernetes answers instead of an object. */
interface Status {
  message?: string
  reason?: string
}

/** Turns an answer of the API server that is no success into an error with its own words. */
export function refusal(status: number, body: string, where: string): EdgeloopError {
  const { message, reason } = readStatus(body)
  return new EdgeloopError(codeOf(status, message), message || `Kubernetes answered ${status}`, {
    where,
    hint:
      status === 401 || isMissingRight(status, message)
        ? 'compare its rights with those in deploy/base/cloud'
        : undefined,
    cause: { status, reason },
  })
}

/** Something between us and the API server. */
export function outOfReach(cause: unknown, server: string): EdgeloopError {
  const { code, message } = cause as NodeJS.ErrnoException
  return new EdgeloopError('UNAVAILABLE', `the Kubernetes API is out of reach: ${code ?? message}`, {
    where: server,
    hint: 'functions that run go on; try again in a moment',
    cause,
  })
}

function codeOf(status: number, message: string | undefined): ErrorCode {
  if (status === 401 || isMissingRight(status, message)) return 'MISCONFIGURED'
  if (status === 404) return 'NOT_FOUND'
  if (status === 409) return 'CONFLICT'
  if (status === 429 || status >= 500) return 'UNAVAILABLE'
  // Also what admission forbids: a quota, a policy.
  return 'INVALID_INPUT'
}

/** What the authorizer says; admission says 403 too, and then the request is to blame. */
function isMissingRight(status: number, message = ''): boolean {
  return status === 403 && / cannot [a-z]+ resource /.test(message)
}

function readStatus(body: string): Status {
  try {
    return JSON.parse(body) as Status
  } catch {
    return { message: body.trim().slice(0, 500) }
  }
}
