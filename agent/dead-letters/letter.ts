import type { DeadLetter } from '../../lib/edge-status/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import type { Entry } from '../../lib/spool/index.ts'

export function describeLetter(entry: Entry<EdgeloopEvent>): DeadLetter {
  const { type, data } = entry.payload
  return {
    id: entry.id,
    function: entry.queue,
    type,
    photo: photoOf(entry.payload) ?? null,
    device: 'device' in data ? data.device : null,
    attempts: entry.attempts,
    at: new Date(entry.enqueuedAt).toISOString(),
    why: readable(entry.lastError ?? ''),
  }
}

/** The photo that an event is about. */
export function photoOf({ data }: EdgeloopEvent): string | undefined {
  if (!('photo' in data)) return undefined
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
