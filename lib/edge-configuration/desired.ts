import { z } from 'zod'
import { eventData } from '../events/index.ts'

/** `HH:MM`, to minutes after midnight. `24:00` is the end of the day. */
const timeOfDay = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time of day such as 22:00')
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)))

/** `22:00-06:00`: the first minute belongs to it, the last one does not; it may go over midnight. */
const span = z
  .string()
  .transform((text) => text.split('-'))
  .pipe(z.tuple([timeOfDay, timeOfDay], 'must be two times of day, such as 22:00-06:00'))
  .transform(([from, to]) => ({ from, to }))
  .refine(({ from, to }) => from !== to, 'begins and ends at the same time; all day is 00:00-24:00')

const timeZone = z.string().refine(isTimeZone, 'must be a time zone such as Europe/Berlin')

const quietHours = z.strictObject({
  /** In minutes after midnight, once it is read. */
  times: z.union([span.transform((one) => [one]), z.array(span).min(1)]),
  timeZone,
})

const amount = z.number().int().nonnegative()

/**
 * `edges/EDGE/desired.json`: what is absent is as the agent was started. What it does not know it refuses: a misspelt wish must not
 * look granted.
 */
export const desired = z.strictObject({
  /** Grows with every change: an edge takes no lower one, and reports the one that it applies. */
  revision: amount,
  /** What goes up beside the features. */
  uplink: eventData.uplink.optional(),
  /** The channel that this edge's model follows. */
  channel: eventData.name.optional(),
  /** Bytes a second for samples, at most. */
  bandwidth: z.number().int().min(1024, 'must be at least 1024 bytes a second').optional(),
  /** When no samples go up, by the site's clock on the wall. */
  quietHours: quietHours.optional(),
  /** What an edge may spend in a day. */
  budgets: z.strictObject({ bytesPerDay: amount.optional(), labelsPerDay: amount.optional() }).optional(),
})

export type Desired = z.infer<typeof desired>
export type QuietHours = z.infer<typeof quietHours>

export const desiredKey = (edge: string) => `edges/${edge}/desired.json`

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
