import { z } from 'zod'
import type { Database, Table } from '../../lib/database/index.ts'
import { eventData } from '../../lib/events/index.ts'
import { type PhotoAnswers, photoAnswers } from '../../lib/labelling/index.ts'

const moment = z.int().nonnegative()
const text = z.string().min(1)

/** A photo that people are to look at. */
export const askedPhoto = z.object({
  photo: eventData.sha256,
  edge: z.string(),
  device: z.string(),
  mediaType: z.string(),
  /** Bytes. */
  size: z.int().nonnegative(),
  /** Drawn to measure the pseudo-labels. */
  audit: z.boolean(),
  /** Drawn whatever the model says. */
  slice: z.boolean().optional(),
  prediction: eventData.prediction.nullable(),
})
export type AskedPhoto = z.infer<typeof askedPhoto>

/** [class, place within it]: what waits is asked about in the order of these, and of the hash. */
const place = z.tuple([z.int().nonnegative(), z.number()])
export type Place = z.infer<typeof place>

const photoRecord = askedPhoto.extend({
  /** Whether its file is here. */
  here: z.boolean(),
  /** Where it waits for an answer; null where it does not. */
  place: place.nullable(),
})
export type PhotoRecord = z.infer<typeof photoRecord>

const claimRecord = z.object({
  by: text,
  /** The labels that they were offered. */
  labels: z.array(text),
  /** When it expires, in milliseconds since 1970. */
  until: moment,
  /** The order in which somebody is asked about theirs. */
  number: z.int(),
})
export type ClaimRecord = z.infer<typeof claimRecord>

/** An answer that somebody gave here; it is the one that stands where its moment is that of theirs. */
const givenRecord = z.object({ photo: eventData.sha256, at: z.iso.datetime() })

/** The label that a photo has and that the models of a training run find improbable. */
const doubtRecord = z.object({ label: text, probability: z.number().min(0).max(1) })
export type DoubtRecord = z.infer<typeof doubtRecord>

export interface LabelTables {
  /** photo → what people are asked about; where it has gone, for as long as anybody has answered */
  photos: Table<PhotoRecord>
  /** photo → what people have said */
  answers: Table<PhotoAnswers>
  /** [...place, photo] */
  waiting: Table<null>
  /** photo → who is asked about it now, or was until not long ago */
  claims: Table<ClaimRecord>
  /** photo → people who are never asked about it again */
  skipped: Table<string[]>
  /** [person, number]: what they can take back */
  given: Table<z.infer<typeof givenRecord>>
  /** label → how many answers have it */
  names: Table<number>
  /** photo → null, where somebody found neither of the labels on it */
  neither: Table<null>
  /** `model` → the labels of the model that serves; `offered` → all that were on offer when it was last judged what waits */
  labels: Table<string[]>
  /** photo → what is doubted about it */
  doubts: Table<DoubtRecord>
}

export function openTables(database: Database): LabelTables {
  return {
    photos: database.table('labels.photos', photoRecord),
    answers: database.table('labels.answers', photoAnswers),
    waiting: database.table('labels.waiting', z.null()),
    claims: database.table('labels.claims', claimRecord),
    skipped: database.table('labels.skipped', z.array(text)),
    given: database.table('labels.given', givenRecord),
    names: database.table('labels.names', moment),
    neither: database.table('labels.neither', z.null()),
    labels: database.table('labels.labels', z.array(text)),
    doubts: database.table('labels.doubts', doubtRecord),
  }
}
