import { z } from 'zod'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import type { Entry } from '../../lib/spool/index.ts'

/** A dead letter without what its event carries. */
export const deadLetter = z.object({
  /** `FUNCTION/SEQUENCE` */
  id: z.string(),
  /** The function that refused it. */
  function: z.string(),
  /** The event's type. */
  type: z.string(),
  /** The photo that the event is about; null where it is about none. */
  photo: z.string().nullable(),
  /** Who sent the photo; null where nobody did. */
  device: z.string().nullable(),
  attempts: z.number().int().nonnegative(),
  /** When the event came in, by this machine's clock. */
  at: z.iso.datetime(),
  /** What the function said, with its status. */
  why: z.string(),
})

/** `GET /dead-letters`: oldest first within a function; `next` is the `after` of the next page, null on the last. */
export const deadLetterPage = z.object({ deadLetters: z.array(deadLetter), next: z.string().nullable() })

export type DeadLetter = z.infer<typeof deadLetter>

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
