/**
 * Scaling to zero: functions that nobody asks for a while, and that say so.
 * @module
 */
export { createActivity } from './activity.ts'
export { createIdler } from './idler.ts'
