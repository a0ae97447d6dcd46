/**
 * When a function runs by the clock: its annotation `schedule`, as OpenFaaS' cron-connector reads it.
 * @module
 */
export { readSchedule, type Schedule } from './schedule.ts'
