/**
 * Starts the worker's file, whether it is TypeScript in the repository or was bundled to JavaScript.
 * @module
 */
import { Worker } from 'node:worker_threads'
import type { WorkerSetup } from './protocol.ts'

/** A bundle has the worker beside itself as `runtime.worker.js`. */
export function spawnWorker(setup: WorkerSetup): Worker {
  const file = import.meta.url.endsWith('.ts') ? './typescript.worker.mjs' : './runtime.worker.js'
  // No arguments of the parent: a test runner or a debugger would reach into the worker with them.
  return new Worker(new URL(file, import.meta.url), { workerData: setup, execArgv: [] })
}
