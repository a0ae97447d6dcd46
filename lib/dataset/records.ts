import { z } from 'zod'
import { eventData } from '../events/index.ts'
import { outcome, photoAnswers, pseudoLabels } from '../labelling/index.ts'

/** `samples/HASH.json`: a sample without its features, which stand under `features/BACKBONE/HASH`. */
export const sampleRecord = eventData.sample.omit({ features: true, thumbnail: true, uplink: true }).extend({
  photo: eventData.photoReference.omit({ url: true }),
  band: z.enum(['accept', 'review']),
  /** The backbone whose features came with the sample; null when none did. */
  backbone: eventData.sha256.nullable(),
  /** Whether `samples/HASH.photo` holds the photo. */
  withPhoto: z.boolean(),
  /** Whether it belongs to the fixed random share of all photos that people look at. */
  slice: z.boolean().optional(),
})

/** As answers were written down when there was one a photo. */
const onlyAnswer = z.object({
  photo: eventData.sha256,
  label: z.string().min(1),
  by: z.string().min(1),
  at: z.iso.datetime(),
})

/** `labels/HASH.json`: people's answers. */
export const labelRecord = z.preprocess(
  (written) => {
    const { data } = onlyAnswer.safeParse(written)
    if (!data) return written
    const { photo, label, by, at } = data
    const answers = [{ by, at, label, among: [label] }]
    return { photo, audit: false, predicted: null, answers, outcome: { kind: 'label', label } }
  },
  photoAnswers.extend({
    /**
     * What they amounted to when the last of them was written, for people and programs that look into the bucket. "Neither"
     * is open again once there are other labels: whoever decides by it works it out anew.
     */
    outcome,
  })
)

/** `labels.json`: the labels on offer. They only grow: whatever was labelled keeps its meaning. */
export const labelSetRecord = z.object({
  labels: z.array(z.object({ label: z.string().min(1), since: z.iso.datetime() })),
})

/** `claims/HASH.json`: somebody is asked about the photo. It holds for a while after the bucket has got it. */
export const claimRecord = z.object({
  /** Another one for each claim. */
  id: z.string(),
  photo: eventData.sha256,
  by: z.string().min(1),
  /** The labels that they are offered. */
  labels: z.array(z.string().min(1)),
})

/** `people/HASH-OF-NAME.json`: what has to be known of a person to ask them. */
export const personRecord = z.object({
  by: z.string().min(1),
  /** Photos that they are not asked about again. */
  skipped: z.array(eventData.sha256),
  /** Photos that they have answered, or were about to when a process ended; the newest last. */
  answered: z.array(eventData.sha256),
})

/** `doubts.json`: labels that people gave and the newest training run finds improbable. */
export const doubtsRecord = z.object({
  run: z.string(),
  doubts: z.array(
    z.object({
      photo: eventData.sha256,
      label: z.string().min(1),
      /** Calibrated, from a model that did not see the photo; 0 to 1. */
      probability: z.number().min(0).max(1),
    })
  ),
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
  /** Whether its snapshot goes without the model's own labels. */
  pseudoLabels: pseudoLabels.optional(),
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
export type ClaimRecord = z.infer<typeof claimRecord>
export type PersonRecord = z.infer<typeof personRecord>
export type Doubt = z.infer<typeof doubtsRecord>['doubts'][number]
export type LabelledPhoto = z.infer<typeof labelledPhoto>
export type Origin = z.infer<typeof origin>
export type SnapshotItem = z.infer<typeof snapshotItem>
export type Snapshot = z.infer<typeof snapshotRecord>
export type Run = z.infer<typeof runRecord>
export type RunStatus = z.infer<typeof runStatus>
export type Verdict = z.infer<typeof verdictRecord>
