import { z } from 'zod'

/** A device's name is a level of a topic, a part of a file name and something to read out: letters, digits, `.`, `_`, `-`. */
export const deviceNameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'up to 63 letters, digits, dots, underscores and hyphens, the first a letter or digit'
  )

/** Where a device publishes photos: the payload is the photo's bytes as captured. */
export const photosTopic = (device: string) => `photos/${device}`

/** Where the agent says that a photo is on the edge's disk, or why it will not be. */
export const receiptsTopic = (device: string) => `receipts/${device}`

/** Where the agent says what a photo shows. */
export const answersTopic = (device: string) => `answers/${device}`
