import type { Thresholds } from '../../lib/events/index.ts'

/**
 * What `filter-confidence` decides by. Measured with frozen ImageNet features: above a calibrated confidence of 0.95
 * about one pseudo-label in 200 is wrong; four audits in a hundred are enough to notice when that changes.
 */
export const THRESHOLDS: Thresholds = {
  accept: 0.95,
  audit: 0.04,
  // Fifty of 2,500 photos: enough for an estimate, few enough for people.
  slice: 0.02,
  // Enough of them that something new is noticed, and few enough that a camera which sees nothing else does not flood people.
  foreign: 0.25,
  perLabel: { least: 50, ratio: 4 },
}
