import { z } from 'zod'
import { eventData } from '../events/index.ts'

/** `samples/HASH.json`: a sample without its features, which stand under `features/BACKBONE/HASH`. */
export const sampleRecord = eventData.sample.omit({ features: true, thumbnail: true, uplink: true }).extend({
  photo: eventData.photoReference.omit({ url: true }),
  band: z.enum(['accept', 'review']),
  /** The backbone whose features came with the sample; null when none did. */
  backbone: eventData.sha256.nullable(),
  /** Whether `samples/HASH.photo` holds the photo. */
  withPhoto: z.boolean(),
})

/** `labels/HASH.json`: a person's answer. */
export const labelRecord = z.object({
  photo: eventData.sha256,
  label: z.string().min(1),
  by: z.string().min(1),
  at: z.iso.datetime(),
})

/** `golden/HASH.json` and `seed/HASH.json`: a photo that came with its label, beside its bytes. */
export const labelledPhoto = z.object({
  photo: eventData.photoReference.omit({ url: true }),
  label: z.string().min(1),
})

/** Where a label comes from. */
export const origin = z.enum(['seed', 'person', 'audit', 'pseudo'])

export const snapshotItem = z.object({
  photo: eventData.sha256,
  label: z.string().min(1),
  origin,
  /** Null for seed photos. */
  edge: eventData.name.nullable(),
  /** The entity tag of the person's answer, where one gave the label: unchanged, it need not be read again. */
  answer: z.string().optional(),
})

/** `snapshots/ID.json`: what one training run saw; never changed once written. */
export const snapshotRecord = z.object({
  id: z.string(),
  dataset: eventData.name,
  at: z.iso.datetime(),
  items: z.array(snapshotItem),
  /** Photos that show none of the labels, as people say: no samples, but what is like them is foreign. */
  foreign: z.array(eventData.sha256).default([]),
})

/** `runs/ID.json`: a training run that was asked for; created only if absent. */
export const runRecord = z.object({
  id: z.string(),
  dataset: eventData.name,
  model: eventData.name,
  snapshot: z.string(),
  /** The snapshot that its new samples were counted against; null when nothing had been trained on before. */
  since: z.string().nullable().default(null),
  at: z.iso.datetime(),
  /** Why it was asked for, as a sentence. */
  why: z.string(),
  newSamples: z.number().int().nonnegative(),
})

/** `runs/ID/status.json`: how far the training controller is with it. */
export const runStatus = z.object({
  state: z.enum(['started', 'trained', 'failed']),
  attempt: z.number().int().positive(),
  version: z.number().int().positive().optional(),
  error: z.string().optional(),
  at: z.iso.datetime(),
})

/** `runs/ID/verdict.json`: what `promote-model` made of it; it ends the run. */
export const verdictRecord = eventData.modelJudged.extend({ at: z.iso.datetime() })

export type SampleRecord = z.infer<typeof sampleRecord>
export type LabelRecord = z.infer<typeof labelRecord>
export type LabelledPhoto = z.infer<typeof labelledPhoto>
export type Origin = z.infer<typeof origin>
export type SnapshotItem = z.infer<typeof snapshotItem>
export type Snapshot = z.infer<typeof snapshotRecord>
export type Run = z.infer<typeof runRecord>
export type RunStatus = z.infer<typeof runStatus>
export type Verdict = z.infer<typeof verdictRecord>
