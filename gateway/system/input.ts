import type { Context } from 'hono'
import type { z } from 'zod'
import { EdgeloopError } from '../../lib/errors/index.ts'

/** Reads JSON, whatever the request calls it: so do OpenFaaS' own gateways. */
export async function readBody<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
  const text = await c.req.text()
  let candidate: unknown
  try {
    candidate = JSON.parse(text)
  } catch (cause) {
    throw new EdgeloopError('INVALID_INPUT', text === '' ? 'the body is empty' : 'the body is not JSON', {
      where: 'body',
      hint: 'send what /openapi.json describes',
      cause,
    })
  }
  return checked(schema, candidate, 'body')
}

/** @throws EdgeloopError INVALID_INPUT naming the first field that is wrong */
export function checked<S extends z.ZodType>(schema: S, candidate: unknown, where: string): z.output<S> {
  const parsed = schema.safeParse(candidate)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const field = issue.path.join('.')
  // A key that is wrong is named by what is wrong with it.
  const message = issue.code === 'invalid_key' ? issue.issues[0]!.message : issue.message
  throw new EdgeloopError('INVALID_INPUT', field ? `${field}: ${message}` : message, {
    where: field || where,
    hint: 'see /openapi.json for what it has to be',
  })
}
