import type { Thresholds } from '../../lib/events/index.ts'
import { acceptThreshold, type Opinion, type Sample } from '../fit/index.ts'

/** Where fewer answers stand for some label, a model is sure of the others because it does not know that one. */
const ENOUGH_TO_ACCEPT = 5
/** Where fewer do, what looks foreign may be one more of that label: learnt from, it taught more than anything else did. */
const ENOUGH_TO_CALL_FOREIGN = 20

/**
 * What `filter-confidence` decides by, as replayed streams of photos did best (`npm run bench learning`).
 *
 * @param samples what the model has learnt from
 * @param opinions of photos that people have labelled
 */
export function thresholdsFor(
  labels: readonly string[],
  samples: readonly Pick<Sample, 'label' | 'origin'>[],
  opinions: readonly Opinion[]
): Thresholds {
  const answers = (label: string) =>
    samples.filter((sample) => sample.label === label && sample.origin !== 'pseudo').length
  const fewest = Math.min(...labels.map(answers))
  return {
    accept: fewest < ENOUGH_TO_ACCEPT ? 1 : acceptThreshold(opinions),
    // Enough to notice when more than one pseudo-label in fifty is wrong.
    audit: 0.04,
    // Fifty of 2,500 photos: enough for an estimate, few enough for people.
    slice: 0.02,
    // Enough of them that something new is noticed, and few enough that a camera which sees nothing else does not flood people.
    foreign: fewest < ENOUGH_TO_CALL_FOREIGN ? 1 : 0.25,
    // A version that is sure of so many teaches nothing by more of them, and training takes five for each label that people gave.
    perLabel: { least: 50, ratio: 4, most: 150 },
  }
}
