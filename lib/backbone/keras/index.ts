/**
 * Weights that Keras wrote.
 * @module
 */
export type { KerasArray } from './hdf5.ts'
export { type KerasWeights, readKerasWeights } from './read-weights.ts'
