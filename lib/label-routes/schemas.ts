/**
 * What the HTTP API takes and gives.
 * @module
 */
import { z } from '@hono/zod-openapi'
import { eventData } from '../events/index.ts'
import { pseudoLabels } from '../labelling/index.ts'

/** Photos that one person may hold at a time by one request: more would wait for them in vain. */
const MOST_CLAIMED = 50

/** Longer than what the queue takes, which looks at it closely. */
const text = z.string().min(1).max(1000)

const by = text.optional().openapi({
  description: 'Who answers. Not needed where the server knows who asks.',
  example: 'ana',
})
const photo = eventData.sha256.describe('SHA-256 of the photo.')
const share = z.number().min(0).max(1)
const count = z.number().int().min(0)

export const claimBody = z
  .object({ by, count: z.number().int().min(1).max(MOST_CLAIMED).default(1) })
  .openapi('Claim')

export const answerBody = z
  .object({
    photo,
    by,
    label: text.nullable().openapi({ description: 'Null: neither of the labels on offer.' }),
    isNew: z
      .boolean()
      .default(false)
      .openapi({ description: 'The label is meant to be one that is not on offer yet.' }),
  })
  .openapi('Answer')

export const skipBody = z.object({ photo, by }).openapi('Skip')

export const undoBody = z.object({ by }).openapi('Undo')

export const photoParams = z.object({ photo })

export const questions = z
  .object({
    questions: z.array(
      z
        .object({
          photo,
          mediaType: z.string(),
          size: count.openapi({ description: 'Bytes.' }),
          edge: z.string().nullable(),
          device: z.string().nullable(),
          labels: z.array(z.string()).openapi({ description: 'The labels on offer.' }),
          second: z.boolean().openapi({ description: 'Somebody else has answered already.' }),
          until: z.iso.datetime().openapi({ description: 'Nobody else is asked until then.' }),
        })
        .openapi('Question')
    ),
  })
  .openapi('Questions')

export const recorded = z
  .object({
    prediction: eventData.prediction
      .nullable()
      .openapi({ description: 'What the model took the photo for: told to whoever has answered.' }),
  })
  .openapi('Recorded')

export const undone = z
  .object({ photo: photo.nullable().openapi({ description: 'Null: there is nothing to take back.' }) })
  .openapi('Undone')

export const state = z
  .object({
    waiting: count,
    claimed: count,
    answered: count,
    neither: count,
    disputed: count,
    labels: z.array(z.string()),
    agreement: z.object({ asked: count, agreed: count }).openapi({
      description: 'Photos that two or more people have answered, and those that all of them answered alike.',
    }),
    audits: z.object({ answered: count, wrong: count, lower: share, upper: share }).openapi({
      description: 'The error of pseudo-labels, with exact bounds; each holds with 90 %.',
    }),
    pseudoLabels,
  })
  .openapi('LabellingState')
