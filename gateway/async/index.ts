/**
 * Asynchronous calls: `/async-function/*`, on disk until the function has answered.
 * @module
 */
export { type AsyncCalls, type AsyncCallsOptions, createAsyncCalls } from './async-calls.ts'
export { type CallQueue, type CallQueueOptions, openCallQueue } from './call-queue.ts'
export { asyncMetrics } from './metrics.ts'
