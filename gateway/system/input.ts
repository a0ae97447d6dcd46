import type { Context } from 'hono'
import type { z } from 'zod'
import { readBody } from '../../lib/body/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'

/** Room for a secret of 1 MiB in base64, twice: faas-cli sends one from a file in both forms. */
const MAX_BYTES = 4 * 2 ** 20

/** Reads JSON, whatever the request calls it: so do OpenFaaS' own gateways. */
export async function readJson<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
  const hint = 'send less: no secret is larger than 1 MiB'
  const bytes = await readBody(c.req.raw, { what: 'the body', maxBytes: MAX_BYTES, hint })
  const text = new TextDecoder().decode(bytes)
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
