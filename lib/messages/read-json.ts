import { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'

/** A small message is small; more is somebody's mistake or malice, and is not worth parsing. */
const MOST_BYTES = 64 * 1024

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a JSON message that came by MQTT.
 * @param what names the message in errors
 * @throws EdgeloopError INVALID_INPUT
 */
export function readJson<T>(schema: z.ZodType<T>, payload: Uint8Array, what: string): T {
  if (payload.length > MOST_BYTES)
    throw new EdgeloopError('INVALID_INPUT', `the ${what} is longer than ${MOST_BYTES} bytes`)
  let value: unknown
  try {
    value = JSON.parse(strictUtf8.decode(payload))
  } catch (cause) {
    throw new EdgeloopError('INVALID_INPUT', `the ${what} is not JSON`, { cause })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new EdgeloopError(
    'INVALID_INPUT',
    `the ${what} is not as it should be: ${z.prettifyError(parsed.error)}`
  )
}
