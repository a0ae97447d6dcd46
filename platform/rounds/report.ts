import type { Totals } from '../../lib/edge-status/index.ts'
import type { Judgement } from '../../lib/events/index.ts'

/** One round in figures; counts are totals so far. */
export interface RoundReport extends Totals {
  round: number
  /** Answers that people gave, the seed labels included, the golden ones not. */
  labelsAsked: number
  /** The version that serves at the end of the round. */
  modelVersion: number
  /** Share of the test photos that it has right. */
  testAccuracy: number
  /** Whether this round's training was promoted. */
  promoted: boolean
}

/** What an edge told one of its devices. */
export interface DeviceAnswer {
  event: 'answer'
  edge: string
  /** Whether the edge was in the cloud's reach. */
  online: boolean
  device: string
  photo: string
  /** Null for a photo that could not be classified. */
  label: string | null
  confidence: number | null
}

/** What a run says while it goes on. */
export type RunEvent =
  | { event: 'started'; gateway: string; edges: { name: string; gateway: string; broker: string }[] }
  /** `done`: the share of the stage, 0 to 1. */
  | { event: 'progress'; round: number; stage: string; done: number }
  | ({ event: 'judged'; version: number } & Judgement)
  | { event: 'training-failed'; why: string }
  | { event: 'cut' | 'healed'; edge: string }
  /** `planned`: it is started again by itself. */
  | { event: 'killed'; target: string; planned: boolean }
  | { event: 'restarted'; target: string }
  /** What somebody should know, and the run goes on all the same. */
  | { event: 'remark'; text: string }
  | DeviceAnswer
  | ({ event: 'round' } & RoundReport)
  | ({ event: 'summary'; goldenLabels: number; objects: number; seconds: number } & RoundReport)
