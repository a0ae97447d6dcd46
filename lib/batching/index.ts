/**
 * Batching: what is asked for at the same time is computed together.
 * @module
 */
export { type Batcher, type BatchReport, createBatcher } from './batcher.ts'
