/** JSON in objects. @module */
import { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'

/** Throws `CORRUPT`, naming where, for what is not JSON and for what the schema does not accept. */
export function decodeJson<T>(body: Uint8Array, schema: z.ZodType<T>, where: string): T {
  const corrupt = (message: string, cause: unknown) =>
    new EdgeloopError('CORRUPT', message, {
      where,
      hint: 'Look at the object: somebody else may have written it, or another version of this program.',
      cause,
    })
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (cause) {
    throw corrupt(`${where} is not JSON.`, cause)
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw corrupt(`${where} does not have the expected form:\n${z.prettifyError(parsed.error)}`, parsed.error)
}

/** Throws `INVALID_INPUT` for what JSON cannot say (undefined, a function). */
export function encodeJson(value: unknown, where: string): string {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw new EdgeloopError('INVALID_INPUT', 'The value has no JSON form.', { where })
  return text
}
