import { z } from 'zod'
import { eventData } from '../../lib/events/index.ts'

/** When a training run is asked for. */
export const settingsSchema = z.object({
  DATASET: eventData.name.default('photos'),
  MODEL_NAME: eventData.name.default('photos'),
  /** New or newly labelled samples from which an event starts a run. */
  RETRAIN_MIN_NEW: z.coerce.number().int().positive().default(40),
  /** New or newly labelled samples from which the schedule starts a run: some time has passed, so fewer will do. */
  RETRAIN_MIN_NEW_ON_SCHEDULE: z.coerce.number().int().positive().default(1),
  /** Seconds from one run's request to the next that an event may make; the schedule has its own interval. */
  RETRAIN_MIN_INTERVAL_SECONDS: z.coerce.number().nonnegative().default(60),
})

export type Settings = z.infer<typeof settingsSchema>
