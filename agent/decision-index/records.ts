import { z } from 'zod'
import type { Database, Table } from '../../lib/database/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { Accepted } from './accepted.ts'

const photoHash = z.string().regex(/^[0-9a-f]{64}$/, 'not a SHA-256 in lower-case hex')
const perceptualHash = z.string().regex(/^[0-9a-f]{16}$/, 'not 16 lower-case hex digits')
const byteArray = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'not bytes')
const bytes = z.int().nonnegative()

/** Without features, which are kept for the recent ones only. */
const decisionRecord = z.object({
  photo: photoHash,
  /** The index's own, growing by one with each decision. */
  sequence: bytes,
  /** 64 bits in hex; alike photos differ in few of them. Null where none could be computed. */
  perceptualHash: perceptualHash.nullable(),
  outcome: z.enum(['accepted', 'review', 'rejected', 'dead']),
  /** Why, for people. */
  reason: z.string(),
  /** The same for machines; null where no function decided. */
  code: z.string().nullable().default(null),
  /** What was compared with what. */
  numbers: z.record(z.string(), z.union([z.number(), z.string()])).default({}),
  /** Null where the photo died before a model saw it. */
  modelVersion: z.int().nonnegative().nullable(),
  /** Drawn for a person, whatever the outcome. */
  audit: z.boolean(),
  /** About what it will take to send it to the cloud: spent when it is decided, or a day without a line would have no bound. */
  bytesBooked: bytes.default(0),
  uploaded: z.boolean(),
  bytesUploaded: bytes,
  /** Whether the cloud has the photo itself. */
  photoUploaded: z.boolean().default(false),
})
export type DecisionRecord = z.infer<typeof decisionRecord>

const featureRecord = z.object({
  bytes: byteArray,
  /** The hash of the backbone that computed them; only features of the same one can be compared. */
  backbone: z.string().nullable(),
  /** 32 × 32 grey values. */
  thumbnail: byteArray.nullable().default(null),
})

const recentRecord = z.object({
  photo: photoHash,
  /** Null where it is nobody's neighbour. */
  perceptualHash: perceptualHash.nullable(),
  /** Of its features: 64 hex digits. */
  sketch: z.string().length(64).nullable().default(null),
})

const acceptedRecord = z.record(z.string(), bytes)

const newDecision = decisionRecord
  .omit({ sequence: true, uploaded: true, bytesUploaded: true, photoUploaded: true })
  .extend({
    /** float16, little-endian. */
    features: byteArray.nullable(),
    backbone: z.string().nullable().default(null),
    thumbnail: byteArray.nullable().default(null),
    /** The predicted label; null where there is no prediction. */
    label: z.string().nullable().default(null),
  })
/** What is decided about a photo. */
export type NewDecision = z.input<typeof newDecision>

const captured = z.object({ photo: photoHash, bytes })

const totals = z.object({
  captured: bytes,
  accepted: bytes,
  review: bytes,
  rejected: bytes,
  deadLettered: bytes,
  uploaded: bytes,
  bytesCaptured: bytes,
  bytesUploaded: bytes,
})
const budgets = z.object({
  /** By this edge's clock, in UTC: `2026-07-31`. */
  day: z.iso.date(),
  /** What went up, or was decided to, on that day. */
  bytesUploaded: bytes,
  /** For how many photos people were asked on that day. */
  labelsAsked: bytes,
})
/** What was spent on a day. */
export type Budgets = z.infer<typeof budgets>

/** Totals since the edge was set up. */
export type Counters = z.infer<typeof totals>

export interface IndexTables {
  /** photo → its bytes, once captured */
  captured: Table<number>
  /** photo → what was decided */
  decisions: Table<DecisionRecord>
  /** photo → its features */
  features: Table<z.infer<typeof featureRecord>>
  /** sequence → what looks for neighbours */
  recent: Table<z.infer<typeof recentRecord>>
  counters: Table<Counters>
  /** What was spent on the latest day. */
  budgets: Table<Budgets>
  /** version → photos by label */
  accepted: Table<Accepted>
}

export function openTables(database: Database): IndexTables {
  return {
    captured: database.table('decisions.captured', bytes),
    decisions: database.table('decisions.decisions', decisionRecord),
    features: database.table('decisions.features', featureRecord),
    recent: database.table('decisions.recent', recentRecord),
    counters: database.table('decisions.counters', totals),
    budgets: database.table('decisions.budgets', budgets),
    accepted: database.table('decisions.accepted', acceptedRecord),
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new EdgeloopError('INVALID_INPUT', `${what}: ${issue.message}`, { where: issue.path.join('.') })
}

export const checkDecision = (value: unknown) => checked(newDecision, value, 'not a decision')
export const checkCaptured = (value: unknown) => checked(captured, value, 'not a captured photo')
export const checkPerceptualHash = (value: unknown) => checked(perceptualHash, value, 'not a perceptual hash')
