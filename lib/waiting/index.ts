/**
 * Waiting. What can be cut short does without `AbortSignal.any`: with a signal that lives as long as the process it
 * keeps some 2.7 KB for each call in Node 20, 200 MB a day for something that looks once a second.
 * @module
 */
export { type Alarm, createAlarm } from './alarm.ts'
export { withDeadline } from './deadline.ts'
export { heard } from './heard.ts'
export { room } from './room.ts'
