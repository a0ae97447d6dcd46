import { z } from 'zod'
import { readJson } from './read-json.ts'
import { photoHashSchema } from './receipt.ts'

const probability = z.number().min(0).max(1)

const recognisedSchema = z.object({
  photo: photoHashSchema,
  model: z.object({ name: z.string().min(1), version: z.int().nonnegative() }),
  /** The best first. */
  labels: z.array(z.object({ label: z.string().min(1), score: probability })).min(1),
  /** The calibrated probability of the top label. */
  confidence: probability,
})

const unrecognisedSchema = z.object({ photo: photoHashSchema, error: z.string() })

/** What the agent publishes to `answers/DEVICE` once a photo was classified, or never will be. */
export const answerSchema = z.union([recognisedSchema, unrecognisedSchema])

export type Answer = z.infer<typeof answerSchema>

/** @throws EdgeloopError INVALID_INPUT */
export const readAnswer = (payload: Uint8Array): Answer => readJson(answerSchema, payload, 'answer')
