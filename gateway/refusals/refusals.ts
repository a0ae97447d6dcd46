import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { ErrorHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { asEdgeloopError, type EdgeloopError } from '../../lib/errors/index.ts'

/** What an error's answer carries beside its sentence. */
function headersOf({ status }: EdgeloopError): Record<string, string> {
  // So a caller tells it from what a function answers, as in OpenFaaS.
  const internal = { 'X-OpenFaaS-Internal': 'gateway' }
  if (status === 401) return { ...internal, 'WWW-Authenticate': 'Basic realm="edgeloop", charset="UTF-8"' }
  if (status === 429 || status === 503) return { ...internal, 'Retry-After': '1' }
  return internal
}

/** What nobody foresaw is for whoever looks after the gateway. */
function complain(error: EdgeloopError): void {
  if (error.status === 500) console.error(error)
}

/** Errors leave as JSON that says what was wrong, where, and what to do. */
export const answerError: ErrorHandler = (thrown, c) => {
  if (thrown instanceof HTTPException) return thrown.getResponse()
  const error = asEdgeloopError(thrown)
  complain(error)
  return c.json(error.toJSON(), error.status, headersOf(error))
}

/** The same past Hono. */
export function refuse(
  outgoing: ServerResponse,
  thrown: unknown,
  headers: Record<string, string> = {}
): void {
  const error = asEdgeloopError(thrown)
  complain(error)
  if (outgoing.headersSent) {
    outgoing.destroy()
    return
  }
  const body = Buffer.from(JSON.stringify(error))
  // Whatever an answer that could not be sent has left there.
  outgoing.statusMessage = STATUS_CODES[error.status] ?? ''
  outgoing.writeHead(error.status, {
    ...headers,
    ...headersOf(error),
    'Content-Type': 'application/json',
    'Content-Length': body.length,
  })
  outgoing.end(body)
}
