/** Turns what the SDK throws into Edgeloop's errors. @module */
import { EdgeloopError, type ErrorCode } from '../errors/index.ts'

interface SdkError {
  name?: string
  message?: string
  code?: string
  $metadata?: { httpStatusCode?: number }
}

/** Where a failure happened. */
export interface Place {
  endpoint: string
  bucket: string
  key?: string | undefined
}

/** The status that the store answered with, if it answered. */
export function statusOf(thrown: unknown): number | undefined {
  return (thrown as SdkError | undefined)?.$metadata?.httpStatusCode
}

export function nameOf(thrown: unknown): string {
  return (thrown as SdkError | undefined)?.name ?? ''
}

/**
 * The cause is kept as its name and status only: the SDK's errors carry the whole response, and some servers repeat
 * the signed request in it.
 */
export function mapS3Error(thrown: unknown, { endpoint, bucket, key }: Place): EdgeloopError {
  if (thrown instanceof EdgeloopError) return thrown
  const status = statusOf(thrown)
  // What answers a HEAD has no body to name the error in.
  const name = nameOf(thrown).replace(/^Unknown(Error)?$/, '') || 'no name given'
  const object = key === undefined ? `s3://${bucket}` : `s3://${bucket}/${key}`
  const where = `${object} at ${endpoint}`
  const cause = new Error(status === undefined ? name : `${name} (${status})`)
  const make = (code: ErrorCode, message: string, hint: string) =>
    new EdgeloopError(code, message, { where, hint, cause })
  if (status === undefined || isServerTrouble(status, name)) {
    const reason = status === undefined ? networkReason(thrown) : `it answered ${status} (${name})`
    return make(
      'UNAVAILABLE',
      `The object store ${endpoint} is out of reach: ${reason}.`,
      'Check that S3_ENDPOINT is right and that the store runs; then try again.'
    )
  }
  if (name === 'RequestTimeTooSkewed') {
    return make(
      'UNAUTHENTICATED',
      'The clocks of this machine and of the object store are too far apart.',
      'Set the clock.'
    )
  }
  if (status === 401 || status === 403) {
    return make(
      'UNAUTHENTICATED',
      `The object store refused the credentials (${status}, ${name}).`,
      'Check the secrets s3-access-key-id and s3-secret-access-key, and what they may do with this bucket.'
    )
  }
  if (status === 409 || status === 412) {
    return make(
      'CONFLICT',
      `${object} is not what the condition says (${name}).`,
      'Read it again, then decide anew.'
    )
  }
  if (status === 404) {
    return make('NOT_FOUND', `${object} does not exist (${name}).`, 'Check S3_BUCKET, or create the bucket.')
  }
  if (status === 413 || name === 'EntityTooLarge') {
    return make(
      'MISCONFIGURED',
      `${object} is larger than the object store takes (${status}, ${name}).`,
      'Raise the limit of the store, or of the proxy before it.'
    )
  }
  // Neither 400 nor 413 may blame whoever called us: it would turn an event into a dead letter.
  return make(
    'INTERNAL',
    `The object store refused the request (${status}, ${name}).`,
    'See the log of the store.'
  )
}

function isServerTrouble(status: number, name: string): boolean {
  return (
    status >= 500 || status === 429 || status === 408 || name === 'RequestTimeout' || name === 'TimeoutError'
  )
}

/** Node's code (ECONNREFUSED, ENOTFOUND …) says more than the SDK's sentence; neither holds a secret. */
function networkReason(thrown: unknown): string {
  const { code, name, message } = (thrown ?? {}) as SdkError
  const sentence = code && message?.includes(code) ? undefined : message?.replace(/\.$/, '')
  return [code ?? name, sentence].filter(Boolean).join(': ')
}
