/**
 * Functions that run by the clock.
 * @module
 */
export { createScheduler, type Scheduler } from './scheduler.ts'
