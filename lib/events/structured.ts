import { EdgeloopError } from '../errors/index.ts'
import { parseEvent } from './event.ts'
import type { EdgeloopEvent } from './types.ts'

/** An event as one JSON text (CloudEvents' JSON format): how it travels where there are no headers, as in MQTT 3.1.1. */
export function encodeStructured(event: EdgeloopEvent): string {
  return JSON.stringify({ specversion: '1.0', datacontenttype: 'application/json', ...event })
}

/** @throws EdgeloopError INVALID_INPUT when the bytes are no event that is known here */
export function decodeStructured(bytes: Uint8Array): EdgeloopEvent {
  let candidate: unknown
  try {
    candidate = JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw new EdgeloopError('INVALID_INPUT', 'the event is not JSON', { where: 'payload', cause })
  }
  return parseEvent((candidate ?? {}) as Record<string, unknown>)
}
