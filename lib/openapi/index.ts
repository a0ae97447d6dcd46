/**
 * What every HTTP API of this repository describes alike.
 * @module
 */
import { z } from '@hono/zod-openapi'

/** What every refusal says: an EdgeloopError as JSON. */
export const refusal = z
  .object({
    error: z.string().openapi({ description: 'What was wrong, as a sentence.' }),
    code: z.string(),
    where: z.string().optional(),
    hint: z.string().optional().openapi({ description: 'What to do about it.' }),
  })
  .openapi('Refusal')
