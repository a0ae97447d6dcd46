export { type Backoff, backoffDelay } from './backoff.ts'
export { createSpool, type SpoolOptions } from './spool.ts'
export type { CorruptRecord, DeadLetters, Depth, Enqueued, Entry, NewEntry, Spool } from './types.ts'
export { createWorker, type Outcome, type Worker, type WorkerOptions } from './worker.ts'
