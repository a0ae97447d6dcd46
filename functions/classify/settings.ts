import { z } from 'zod'
import { modelSettings } from '../../lib/model-selection/index.ts'
import { MAX_PHOTO_BYTES } from '../../lib/photo/index.ts'
import { runtimeChoices } from '../../lib/runtime/index.ts'

export const settingsSchema = z.object({
  ...modelSettings,
  /** The node's model cache, which only the agent writes. */
  MODEL_CACHE: z.string().default('/var/lib/edgeloop/models'),
  /** How often the cache is looked at, in milliseconds. */
  MODEL_POLL_MS: z.coerce.number().int().positive().default(200),
  /** What computes: tfjs-node where it is installed and wasm elsewhere, or the one that is named. */
  RUNTIME: z.enum(runtimeChoices).default('auto'),
  /**
   * How many photos may be computed at a time: a batch that is nearly full is padded to the next of these sizes. By default
   * what suits the backbone.
   */
  BATCH_SIZES: z
    .string()
    .transform((text) => text.split(',').map(Number))
    .refine(isAscending, 'write whole numbers in ascending order, such as 1,2,4,8')
    .optional(),
  /** How long a photo waits for others when nothing else keeps it waiting, in milliseconds. */
  BATCH_DELAY_MS: z.coerce.number().nonnegative().max(1000).default(0),
  /** How many photos may be decoded and wait for a backbone; more are refused with 429. */
  MAX_QUEUED: z.coerce.number().int().positive().default(64),
  /** How many bytes all requests together may hold; whoever brings more is refused with 429. */
  MAX_HELD_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(256 * 2 ** 20),
  /** How many photos' features are kept, so that whoever asks for the same photo again is answered at once. */
  KEEP_FEATURES: z.coerce.number().int().positive().default(500),
  /** Larger photos are refused, however they come; there is no raising it, because the agent takes none beyond it. */
  MAX_PHOTO_BYTES: z.coerce.number().int().positive().max(MAX_PHOTO_BYTES).default(MAX_PHOTO_BYTES),
  /** Of a request to TensorFlow Serving's API, whose numbers take several times as much while they are read. */
  MAX_REQUEST_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(16 * 2 ** 20),
})

function isAscending(sizes: number[]): boolean {
  return sizes.every((size, i) => Number.isInteger(size) && size > (sizes[i - 1] ?? 0) && size <= 64)
}

export type Settings = z.infer<typeof settingsSchema>
