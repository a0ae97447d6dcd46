/**
 * What is desired of an edge: `edges/EDGE/desired.json` of the bucket.
 * @module
 */
export { type Desired, desired, desiredKey, type QuietHours } from './desired.ts'
