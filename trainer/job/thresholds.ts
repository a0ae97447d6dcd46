import type { Thresholds } from '../../lib/events/index.ts'

/** What `filter-confidence` decides by, beside the confidence that a run finds safe. */
export const THRESHOLDS: Omit<Thresholds, 'accept'> = {
  // Enough to notice when more than one pseudo-label in fifty is wrong.
  audit: 0.04,
  // Fifty of 2,500 photos: enough for an estimate, few enough for people.
  slice: 0.02,
  // Enough of them that something new is noticed, and few enough that a camera which sees nothing else does not flood people.
  foreign: 0.25,
  // A version that is sure of so many teaches nothing by more of them, and training takes five for each label that people gave.
  perLabel: { least: 50, ratio: 4, most: 150 },
}
