import { z } from 'zod'
import { eventData } from '../../lib/events/index.ts'
import { MAX_PHOTO_BYTES } from '../../lib/photo/index.ts'

export const settingsSchema = z.object({
  MODEL_NAME: eventData.name.default('photos'),
  MODEL_CHANNEL: eventData.name.default('stable'),
  /** The node's model cache, which only the agent writes. */
  MODEL_CACHE: z.string().default('/var/lib/edgeloop/models'),
  /** How often the cache is looked at, in milliseconds. */
  MODEL_POLL_MS: z.coerce.number().int().positive().default(200),
  /** Larger photos are refused, however they come; there is no raising it, because the agent takes none beyond it. */
  MAX_PHOTO_BYTES: z.coerce.number().int().positive().max(MAX_PHOTO_BYTES).default(MAX_PHOTO_BYTES),
})

export type Settings = z.infer<typeof settingsSchema>
