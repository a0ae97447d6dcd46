/**
 * Starts the worker's file, whether it is TypeScript in the repository or was bundled to JavaScript.
 * @module
 */
import { Worker } from 'node:worker_threads'
import type { WorkerSetup } from './protocol.ts'

/** One that has loaded its code, or is about to, and waits for a backbone. */
let spare: Worker | undefined

/** Loads a worker's code before it is known which backbone it will hold: that takes longer than the backbone. */
export function prepareRuntime(): void {
  if (spare) return
  const worker = startWorker()
  const forget = () => {
    if (spare === worker) spare = undefined
  }
  // Whoever needs a worker then starts another one, and hears why that fails.
  // One that says something before it was given a backbone says why it cannot start.
  worker.once('message', forget).once('error', forget).once('exit', forget)
  // Nobody waits for it.
  worker.unref()
  spare = worker
}

export function spawnWorker(setup: WorkerSetup): Worker {
  const worker = spare ?? startWorker()
  spare = undefined
  worker.ref()
  worker.postMessage(setup)
  return worker
}

/** A bundle has the worker beside itself as `runtime.worker.js`. */
function startWorker(): Worker {
  const file = import.meta.url.endsWith('.ts') ? './typescript.worker.mjs' : './runtime.worker.js'
  // No arguments of the parent: a test runner or a debugger would reach into the worker with them.
  return new Worker(new URL(file, import.meta.url), { execArgv: [] })
}
