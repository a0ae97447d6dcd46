import { createHash } from 'node:crypto'
import { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'
import { type EdgeloopEvent, EVENT_DATA, type EventData, type EventType } from './types.ts'

/**
 * Makes an event. Its id is a hash of the type and of what identifies the event, so that the same thing happening
 * twice (a redelivery, a retry, a restart) makes the same event.
 *
 * @param identity what makes this event different from others of its type: a photo's hash, a model version
 */
export function createEvent<T extends EventType>(
  type: T,
  source: string,
  identity: readonly (string | number)[],
  data: EventData<T>
): EdgeloopEvent<T> {
  const id = createHash('sha256')
    .update([type, ...identity].join('\n'))
    .digest('hex')
  return { id, source, type, time: new Date().toISOString(), data } as EdgeloopEvent<T>
}

/**
 * Checks an event that came from outside.
 *
 * @throws EdgeloopError INVALID_INPUT naming the field that is wrong
 */
export function parseEvent(candidate: {
  id?: unknown
  source?: unknown
  type?: unknown
  time?: unknown
  data?: unknown
}): EdgeloopEvent {
  const { id, source, type, time, data } = candidate
  if (typeof id !== 'string' || id === '' || typeof source !== 'string' || typeof type !== 'string')
    throw new EdgeloopError('INVALID_INPUT', 'a CloudEvent needs id, source and type', {
      where: 'event',
      hint: 'send the ce-id, ce-source and ce-type headers, or a structured event (application/cloudevents+json)',
    })
  if (!isEventType(type))
    throw new EdgeloopError('INVALID_INPUT', `unknown event type "${type}"`, {
      where: 'event.type',
      hint: `known types: ${Object.keys(EVENT_DATA).join(', ')}`,
    })
  const parsed = EVENT_DATA[type].safeParse(data)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    throw new EdgeloopError('INVALID_INPUT', `${type}: ${issue.message}`, {
      where: ['data', ...issue.path].join('.'),
      hint: 'compare the event with lib/events/data.ts',
    })
  }
  return {
    id,
    source,
    type,
    time: typeof time === 'string' ? time : new Date().toISOString(),
    data: parsed.data,
  } as EdgeloopEvent
}

function isEventType(type: string): type is EventType {
  return Object.hasOwn(EVENT_DATA, type)
}

/** An event that was stored, as a schema: for databases that check what they read. */
export const eventSchema = z.custom<EdgeloopEvent>((value) => {
  try {
    parseEvent((value ?? {}) as Record<string, unknown>)
    return true
  } catch {
    return false
  }
}, 'is not an event that is known here')
