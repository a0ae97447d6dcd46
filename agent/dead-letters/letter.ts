import type { DeadLetter } from '../../lib/edge-status/index.ts'
import type { Entry } from '../../lib/spool/index.ts'
import { type Delivery, isEvent } from '../connector/index.ts'

export function describeLetter(entry: Entry<Delivery>): DeadLetter {
  const { payload } = entry
  return {
    id: entry.id,
    function: entry.queue,
    type: isEvent(payload) ? payload.type : payload.topic,
    photo: photoOf(payload) ?? null,
    device: isEvent(payload) && 'device' in payload.data ? payload.data.device : null,
    attempts: entry.attempts,
    at: new Date(entry.enqueuedAt).toISOString(),
    why: readable(entry.lastError ?? ''),
  }
}

/** The photo that an event is about. */
export function photoOf(delivery: Delivery): string | undefined {
  if (!isEvent(delivery) || !('photo' in delivery.data)) return undefined
  const { data } = delivery
  return typeof data.photo === 'string' ? data.photo : data.photo.hash
}

/** What a function of Edgeloop's answers is JSON: its sentence is what people want. */
function readable(why: string): string {
  const [, status, body] = /^(\d{3}): (\{.*\})$/s.exec(why) ?? []
  if (status === undefined || body === undefined) return why
  try {
    const { error } = JSON.parse(body)
    return typeof error === 'string' ? `${status}: ${error}` : why
  } catch {
    return why
  }
}
