import { z } from 'zod'

/** A dead letter without what its event carries. */
const deadLetter = z.object({
  /** `FUNCTION/SEQUENCE` */
  id: z.string(),
  /** The function that refused it. */
  function: z.string(),
  /** The event's type; of a message that is no event, its topic. */
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
