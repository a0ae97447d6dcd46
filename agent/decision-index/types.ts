import type { Budgets, Counters, DecisionRecord, NewDecision } from './records.ts'

export interface Decision extends DecisionRecord {
  /** float16, little-endian; null where there were none, or when they are too old to be kept. */
  features: Uint8Array | null
}

export interface Neighbour {
  photo: string
  sequence: number
  /** Differing bits of the perceptual hashes, 0 to 64. */
  distance: number
  /** Cosine of the features, −1 to 1; null where either has none, or they come from different backbones. */
  similarity: number | null
  /** How well the thumbnails agree where they agree best, −1 to 1; null where there is none, or the features differ already. */
  alignment: number | null
}

/** What a photo looks like. */
export interface Look {
  perceptualHash: string
  /** float16, little-endian. */
  features?: Uint8Array | null
  /** 32 × 32 grey values. */
  thumbnail?: Uint8Array | null
}

export interface NeighbourQuery {
  /** By each of the two ways of looking. Default 5. */
  limit?: number
  /** In bits. Default 10. */
  maxDistance?: number
  /** The backbone that the features come from, where it is known. */
  backbone?: string | null
  /** A photo that is not its own neighbour. */
  except?: string
}

/**
 * What was decided about each photo: the first decision, and that for ever, so that a photo that comes twice gets the
 * same answer and has one effect. The `…Sync` methods are for use inside `database.transaction`.
 */
export interface DecisionIndex {
  /** Counts a photo as captured. Returns whether it was the first time. */
  captured(photo: string, bytes: number): Promise<boolean>
  capturedSync(photo: string, bytes: number): boolean
  /** What a captured photo takes; undefined where it was not captured here. */
  capturedBytes(photo: string): number | undefined
  firstDecision(photo: string): Decision | undefined
  /** The same without features, which saves reading them. */
  standing(photo: string): DecisionRecord | undefined
  /** The features of a photo, float16, little-endian, and the backbone that they come from; of the recent ones only. */
  features(photo: string): { bytes: Uint8Array; backbone: string | null } | undefined
  /** Records a decision unless there is one. `decision` is the one that stands. `INVALID_INPUT`. */
  record(decision: NewDecision): Promise<{ decision: Decision; first: boolean }>
  recordSync(decision: NewDecision): { decision: Decision; first: boolean }
  /**
   * What was sent to the cloud about a decided photo, and whether the cloud has the photo itself. Returns whether it was the
   * first time; only that one counts.
   */
  uploaded(photo: string, bytes: number, withPhoto?: boolean): Promise<boolean>
  uploadedSync(photo: string, bytes: number, withPhoto?: boolean): boolean
  /** Makes a dead photo undecided again, when its dead letter is replayed. Returns whether it was dead. */
  reviveSync(photo: string): boolean
  /**
   * Photos alike among the recent ones, but for dead ones and those that stand for nothing themselves: by perceptual hash, the nearest first, of equally near ones the latest;
   * then those of which it may be a part, or which may be parts of it.
   */
  neighbours(look: Look, query?: NeighbourQuery): Neighbour[]
  /** How many photos were accepted under each label while this version served. */
  accepted(version: number): Record<string, number>
  counters(): Counters
  /** What was spent today, or on the latest day where the clock has gone back. */
  budgets(): Budgets
}
