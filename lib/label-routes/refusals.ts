/**
 * How the HTTP API refuses: JSON that says what was wrong, where, and what to do.
 * @module
 */
import type { z } from '@hono/zod-openapi'
import type { ErrorHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import { HTTPException } from 'hono/http-exception'
import { asEdgeloopError, EdgeloopError } from '../errors/index.ts'

/** Room for any body that is meant. */
const MAX_BYTES = 64 * 1024

export const answerError: ErrorHandler = (thrown, c) => {
  const error = thrown instanceof HTTPException ? notJson(thrown) : asEdgeloopError(thrown)
  if (error.status === 500) console.error(error)
  if (error.status === 503) c.header('Retry-After', '1')
  return c.json(error.toJSON(), error.status)
}

/** The only thing that hono itself refuses here. */
function notJson(cause: HTTPException): EdgeloopError {
  return new EdgeloopError('INVALID_INPUT', 'the body is not JSON', {
    where: 'body',
    hint: 'send what openapi.json describes',
    cause,
  })
}

export function malformed(error: z.core.$ZodError): EdgeloopError {
  const issue = error.issues[0]!
  const field = issue.path.join('.')
  return new EdgeloopError('INVALID_INPUT', field ? `${field}: ${issue.message}` : issue.message, {
    where: field || 'request',
    hint: 'see openapi.json for what it has to be',
  })
}

/** Pages of other sites can make a browser send anything but this without asking first. */
export const saidToBeJson = createMiddleware(async (c, next) => {
  const type = c.req.header('content-type') ?? ''
  if (c.req.method === 'POST' && !/^application\/json\s*(;|$)/i.test(type))
    throw new EdgeloopError('UNSUPPORTED_MEDIA', 'the body is not said to be JSON', {
      where: 'Content-Type',
      hint: 'send application/json',
    })
  await next()
})

export const limited = bodyLimit({
  maxSize: MAX_BYTES,
  onError() {
    throw new EdgeloopError('TOO_LARGE', `the body has more than ${MAX_BYTES} bytes`, {
      where: 'body',
      hint: 'a label is a word or two',
    })
  },
})
