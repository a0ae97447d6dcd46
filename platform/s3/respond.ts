/** Answers in XML. @module */
import { isDiskFull } from '../../lib/database/index.ts'
import { S3Error } from './s3-error.ts'
import { leaf, xmlDocument } from './xml-write.ts'

export function xmlResponse(body: string, headers: Record<string, string> = {}): Response {
  return new Response(body, { headers: { 'content-type': 'application/xml', ...headers } })
}

/** Anything that was thrown, as S3 says it; what is foreign becomes `InternalError` without its text. */
export function errorResponse(thrown: unknown, resource: string, requestId: string): Response {
  const foreign = isDiskFull(thrown) ? 'StorageFull' : 'InternalError'
  const error = thrown instanceof S3Error ? thrown : new S3Error(foreign)
  // A 304 has no body.
  if (error.status === 304) return new Response(null, { status: 304, headers: error.headers })
  const document = xmlDocument(
    'Error',
    leaf('Code', error.code),
    leaf('Message', error.message),
    leaf('Resource', resource),
    leaf('RequestId', requestId)
  ).replace(/ xmlns="[^"]*"/, '')
  return new Response(document, {
    status: error.status,
    headers: { 'content-type': 'application/xml', ...error.headers },
  })
}
