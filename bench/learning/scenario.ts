import type { Change } from './looks.ts'

/** What a camera sees over some rounds, and the people who label. */
export interface Scenario {
  name: string
  rounds: number
  /** Photos a round. */
  perRound: number
  /** The share of people's answers that are wrong. */
  wrongAnswers: number
  /** For one photo of the first label there are so many of the others. */
  imbalance: number
  /** What happens to the camera, and the round in which it does. */
  change?: { to: Change; from: number }
}

/** The round in which something happens to the camera. */
export const CHANGED = 5

const PLAIN = { rounds: 10, perRound: 40, wrongAnswers: 0, imbalance: 1 }

export const SCENARIOS: readonly Scenario[] = [
  { ...PLAIN, name: 'plain' },
  { ...PLAIN, name: 'wrong answers', wrongAnswers: 0.1 },
  // Half the photos a round: of the many, there are not more.
  { ...PLAIN, name: 'imbalance', perRound: 20, imbalance: 9 },
  { ...PLAIN, name: 'blur', change: { to: 'blur', from: CHANGED } },
  { ...PLAIN, name: 'rotation', change: { to: 'rotation', from: CHANGED } },
  { ...PLAIN, name: 'exposure', change: { to: 'exposure', from: CHANGED } },
]
