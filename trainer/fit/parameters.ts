/**
 * What can be chosen about a training run. The defaults are the plainest of those that did best, or as well as the best,
 * when the whole loop was replayed on real photos with strong and with weakened features.
 * @module
 */
import type { Origin } from '../../lib/dataset/index.ts'
import { DEFAULT_C } from './logistic.ts'
import type { TemperaturePrior } from './temperature.ts'

export interface FitParameters {
  /** Inverse strength of the regularisation. */
  c: number
  /** What a sample of each origin counts in training. */
  originWeights: Record<Origin, number>
  /** What a sample of each origin counts for the temperature. */
  calibrationWeights: Record<Origin, number>
  /** At most this many pseudo-labels for each label that people gave, per class. */
  pseudoPerLabel: number
  folds: number
  temperaturePrior: TemperaturePrior
}

export const FIT_DEFAULTS: FitParameters = {
  c: DEFAULT_C,
  originWeights: { seed: 1, person: 1, audit: 1, pseudo: 1 },
  // A pseudo-label agrees with the model by its making: it says nothing about how sure the model may be.
  calibrationWeights: { seed: 1, person: 1, audit: 1, pseudo: 0 },
  pseudoPerLabel: 5,
  folds: 5,
  // Heads regularised as strongly as these are less sure than they may be: the best T lies near 0.5 from 20 labels to 400.
  temperaturePrior: { centre: 0.5, spread: 0.5 },
}
