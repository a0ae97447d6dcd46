import type { Prediction } from '../events/index.ts'
import type { Interval } from './interval.ts'
import type { PseudoLabels } from './pseudo-labels.ts'

/** A photo that somebody is asked about. What the model takes it for is not in it: it would lead them. */
export interface Question {
  /** SHA-256 of the photo, 64 hexadecimal digits. */
  photo: string
  mediaType: string
  /** Bytes. */
  size: number
  edge: string | null
  device: string | null
  /** The labels on offer, sorted. */
  labels: string[]
  /** Whether somebody else has answered already: this asks a second person, or a third. */
  second: boolean
  /** ISO time until when it is this person's. An answer that comes later counts unless somebody else has it by then. */
  until: string
}

export interface GivenAnswer {
  photo: string
  by: string
  /** Null: neither of the labels on offer. */
  label: string | null
  /** The label is meant to be one that is not on offer yet; otherwise such a label is taken for a slip. @default false */
  isNew?: boolean | undefined
}

/** What somebody is told who has answered. */
export interface Recorded {
  /** What the model took the photo for; null where it said nothing. */
  prediction: Prediction | null
}

/** How labelling goes, in counts of photos. */
export interface LabellingState {
  /** Wait for somebody, a second person included, and nobody has them. */
  waiting: number
  /** Somebody has them. */
  claimed: number
  /** Have an answer that stands, or several of which none does. */
  answered: number
  /** Of the answered: people found none of the labels on them. */
  neither: number
  /** Of the answered: people disagree. Nothing is learnt from these until more of them say the same. */
  disputed: number
  /** The labels on offer, sorted. */
  labels: string[]
  /** Of the photos that two or more people have answered, those that all of them answered alike. */
  agreement: { asked: number; agreed: number }
  /** What the newest audits say of the pseudo-labels, with bounds of the share that is wrong (0 to 1). */
  audits: { answered: number; wrong: number } & Interval
  pseudoLabels: PseudoLabels
}

/**
 * Photos that wait for people, who claim, answer, skip and undo. Any number of people and processes may use it at the
 * same time, and any of them may end in the middle of whatever it does.
 */
export interface LabelQueue {
  /**
   * Claims up to `count` photos for a person: those that they hold already come first, then the most informative and
   * diverse ones. Nobody else gets a photo until its claim has expired. Fewer, or none, where no more wait.
   * @param options.count from 1 @default 1
   */
  claim(by: string, options?: { count?: number }): Promise<Question[]>
  /**
   * Records an answer; a later one of the same person replaces their earlier one. A claim is not needed where nobody
   * else has one.
   * @throws EdgeloopError NOT_FOUND where there is no such photo, CONFLICT where somebody else holds or has answered it
   *   and no other person is asked for, INVALID_INPUT for a label that is not on offer unless it is said to be new
   */
  answer(answer: GivenAnswer): Promise<Recorded>
  /** Gives the photo to others; this person is never asked about it again. @throws EdgeloopError NOT_FOUND */
  skip(photo: string, by: string): Promise<void>
  /**
   * Takes the person's last answer back: the photo is theirs again, claimed.
   * @returns the photo; undefined where there is nothing (more) to take back
   */
  undo(by: string): Promise<string | undefined>
  /** The photo itself, with the type that its first bytes have; undefined where it is not within reach. */
  photo(photo: string): Promise<{ bytes: Uint8Array; mediaType: string } | undefined>
  state(): Promise<LabellingState>
}
