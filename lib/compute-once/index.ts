/**
 * Results that are computed a single time, whoever asks for them.
 * @module
 */
export { type ComputeOnce, createComputeOnce } from './compute-once.ts'
