import { z } from 'zod'
import { deviceNameSchema } from '../messages/index.ts'

/** A SHA-256 as 64 lower-case hexadecimal digits. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal digits')

/** RFC 1123. */
const LABEL = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?'

/** Names of models and datasets: usable in topics, keys and Kubernetes names alike. */
export const name = z
  .string()
  .regex(new RegExp(`^${LABEL}$`), 'must be lower-case letters, digits and "-", at most 63')

/** Names of edges, which are those of their nodes: DNS names, with dots where the site has them. */
export const edgeName = z
  .string()
  .max(253)
  .regex(
    new RegExp(`^${LABEL}(\\.${LABEL})*$`),
    'must be the name of a node: lower-case letters, digits, "-" and "."'
  )

/** Where a photo is and how to recognise it. */
export const photoReference = z.object({
  hash: sha256,
  /** Bytes. */
  size: z.number().int().positive(),
  mediaType: z.string(),
  /** Where functions on this node read the photo. Absent once it has left the node. */
  url: z.url().optional(),
})

const scoredLabel = z.object({ label: z.string().min(1), score: z.number().min(0).max(1) })

/** Labels with calibrated probabilities (they sum to 1, highest first) from one model version. */
export const prediction = z.object({
  model: z.object({ name, version: z.number().int().positive() }),
  labels: z.array(scoredLabel).min(2),
  /** The calibrated probability of the top label. */
  confidence: z.number().min(0).max(1),
})

/** What the frozen backbone computed: float16, little-endian, base64. */
export const features = z.object({ backbone: sha256, values: z.base64() })

const share = z.number().min(0).max(1)

/** How `filter-confidence` decides for a model version; written by its training run. */
export const thresholds = z.object({
  /** Calibrated confidence from which a prediction may become a pseudo-label. */
  accept: share,
  /** Share of the accepted photos that goes to a person anyway, so that error rates are measured. */
  audit: share,
  /** Share of all photos that goes to a person whatever the model says of them, so that estimates have no bias; none if absent. */
  slice: share.optional(),
  /** Share of the foreign photos that a person is asked about; none if absent. */
  foreign: share.optional(),
  /** How many photos of a label an edge may accept while a version serves; as many as it likes if absent. */
  perLabel: z
    .object({
      /** So many in any case. */
      least: z.number().int().nonnegative(),
      /** Beyond, at most so many times what the edge has accepted of its rarest label. */
      ratio: z.number().min(1),
      /** Never more. */
      most: z.number().int().nonnegative(),
    })
    .optional(),
})

/** How far a photo is from all that the model knows: 1 − cosine and cosines, see `lib/novelty`. */
export const novelty = z.object({
  distance: z.number(),
  /** Beyond it, the photo is foreign. */
  threshold: z.number(),
  /** To the nearest photo that the model knows. */
  known: z.number(),
  /** To the nearest photo for which people said that it shows none of the labels; null where there is none. */
  foreign: z.number().nullable(),
})

/** A photo that this edge decided on earlier and that resembles the one in question. */
export const neighbour = z.object({
  photo: sha256,
  /** Hamming distance of the perceptual hashes, in bits of 64. */
  distance: z.number().int().min(0).max(64),
  /** Cosine similarity of the features, where both are known. */
  similarity: z.number().min(-1.001).max(1.001).optional(),
  /** How well the thumbnails agree where they agree best, where both are known; see `lib/photo`. */
  alignment: z.number().min(-1.001).max(1.001).optional(),
})

/** What an edge has spent on a day, by its own clock (UTC) and its own accounting, and what it may spend. */
export const budgets = z.object({
  day: z.iso.date(),
  /** What went up, or was decided to, in bytes. */
  bytesUploaded: z.number().int().nonnegative(),
  /** For how many photos people were asked. */
  labelsAsked: z.number().int().nonnegative(),
  /** As much as it likes if absent. */
  bytesPerDay: z.number().int().nonnegative().optional(),
  labelsPerDay: z.number().int().nonnegative().optional(),
})

/** `features`: no picture leaves the site; `review`: those a person has to look at; `all`: every sample's. */
export const uplink = z.enum(['features', 'review', 'all'])

const origin = z.object({
  edge: edgeName,
  device: deviceNameSchema,
  /** The edge's own count of photos: the order in which they came, whatever the clocks say. */
  sequence: z.number().int().nonnegative(),
})

/** `photo.captured`: a device's photo is on the edge's disk. */
export const photoCaptured = origin.extend({ photo: photoReference })

/** `photo.classified`: what the serving model says; or, for an unreadable photo, why it cannot say anything. */
export const photoClassified = photoCaptured.extend({
  prediction: prediction.nullable(),
  features: features.nullable(),
  /** 64-bit perceptual hash, 16 hexadecimal digits. */
  perceptualHash: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .nullable(),
  /** 32 × 32 grey values in base64; stays at the edge. */
  thumbnail: z.base64().length(1368).nullable().optional(),
  /** Absent where the model does not know what is foreign. */
  novelty: novelty.nullable().optional(),
  unreadable: z.string().optional(),
  thresholds: thresholds.nullable(),
  /** What the agent's decision index knows; the agent adds it on the way to `filter-confidence`. */
  neighbours: z.array(neighbour).optional(),
  /** What this edge has spent today; the agent adds it likewise. */
  budgets: budgets.optional(),
  /** How many photos this edge has accepted under each label since the version serves; the agent adds it likewise. */
  accepted: z.record(z.string(), z.number().int().nonnegative()).optional(),
})

/** Why a sample got its band: a code for machines, a sentence for people, and the numbers that decided. */
export const reason = z.object({
  code: z.enum([
    'confident',
    'audit',
    'slice',
    'uncertain',
    'foreign',
    'neither',
    'enough',
    'budget',
    'duplicate',
    'unreadable',
  ]),
  text: z.string(),
  numbers: z.record(z.string(), z.union([z.number(), z.string()])),
})

/** `sample.accepted | sample.review | sample.rejected`: what `filter-confidence` decided. */
export const sample = photoClassified
  .omit({
    neighbours: true,
    budgets: true,
    accepted: true,
    thresholds: true,
    unreadable: true,
  })
  .extend({
    band: z.enum(['accept', 'review', 'reject']),
    audit: z.boolean(),
    /** Whether it was drawn whatever the model says. */
    slice: z.boolean().default(false),
    reason,
    /** The edge's policy; the agent adds it on the way to `upload-sample`. */
    uplink: uplink.optional(),
  })

/** `sample.uploaded`: the sample is in S3. */
export const sampleUploaded = origin.extend({
  photo: photoReference.omit({ url: true }),
  band: z.enum(['accept', 'review']),
  dataset: name,
  /** Bytes that crossed the uplink for this sample, metadata included. */
  bytes: z.number().int().nonnegative(),
  /** Whether the photo itself went up. */
  withPhoto: z.boolean(),
})

/** A person answered: what, when, and what else they could have said. */
export const answer = z.object({
  by: z.string().min(1),
  /** By the clock of whoever wrote it down. */
  at: z.iso.datetime(),
  /** Null: neither of the labels that were on offer. */
  label: z.string().min(1).nullable(),
  /** The labels on offer at that moment: a null says nothing about labels that came later. */
  among: z.array(z.string().min(1)),
})

/** `sample.labelled`: a person answered; in the cloud it is in the bucket, at an edge it is on its way there. */
export const sampleLabelled = z.object({
  photo: sha256,
  dataset: name,
  /** Where they answered; null in the cloud. */
  edge: edgeName.nullable(),
  /** Whether the sample was drawn to measure the pseudo-labels. */
  audit: z.boolean(),
  /** The label that the model gave it; null where it gave none. */
  predicted: z.string().min(1).nullable(),
  ...answer.shape,
})

/** `sample.unlabelled`: a person at an edge has taken their answer back. */
export const sampleUnlabelled = sampleLabelled.omit({ label: true, among: true })

/** `label.uploaded`: what a person at an edge has said is in the bucket. */
export const labelUploaded = sampleUnlabelled.omit({ audit: true, predicted: true }).extend({
  /** Everything that people have said about the photo, in the order in which it came. */
  answers: z.array(answer),
})

/** `retrain.requested`: a snapshot and a run are in S3, waiting for the training controller. */
export const retrainRequested = z.object({
  dataset: name,
  model: name,
  run: z.string().min(1),
  snapshot: z.string().min(1),
})

/** `retrain.started`, `retrain.progress`: a run at work. */
export const retrainProgress = retrainRequested.extend({
  stage: z.string(),
  /** Share done of the stage, 0 to 1. */
  done: z.number().min(0).max(1),
})

/** `model.trained`: a complete model version is in the registry, not yet judged. */
export const modelTrained = retrainRequested.extend({ version: z.number().int().positive() })

/** The figures of a judgement on the golden set. Losses are natural-logarithm log losses per photo. */
export const judgement = z.object({
  verdict: z.enum(['promote', 'refuse', 'inconclusive']),
  why: z.string(),
  figures: z.record(z.string(), z.number().nullable()),
})

/** `model.promoted | model.refused`: what `promote-model` decided. */
export const modelJudged = modelTrained.extend({
  channel: name,
  /** The version that served before; null when there was none. */
  serving: z.number().int().positive().nullable(),
  judgement,
})

export type PhotoReference = z.infer<typeof photoReference>
export type Prediction = z.infer<typeof prediction>
export type Thresholds = z.infer<typeof thresholds>
export type Neighbour = z.infer<typeof neighbour>
export type Uplink = z.infer<typeof uplink>
export type Sample = z.infer<typeof sample>
export type Judgement = z.infer<typeof judgement>
