/**
 * Starts the worker's file, whether it is TypeScript in the repository or was bundled to JavaScript.
 * @module
 */
import { Worker } from 'node:worker_threads'
import type { WorkerData, WorkerSetup } from './protocol.ts'
import type { RuntimeChoice } from './runtime.ts'

/** One that has loaded its code, or is about to, and waits for a backbone. */
let spare: { worker: Worker; choice: RuntimeChoice } | undefined

/** Loads a worker's code before it is known which backbone it will hold: that takes longer than the backbone. */
export function prepareRuntime(choice: RuntimeChoice = 'auto'): void {
  if (spare) return
  const worker = startWorker(choice)
  const forget = () => {
    if (spare?.worker === worker) spare = undefined
  }
  // Whoever needs a worker then starts another one, and hears why that fails.
  // One that says something before it was given a backbone says why it cannot start.
  worker.once('message', forget).once('error', forget).once('exit', forget)
  // Nobody waits for it.
  worker.unref()
  spare = { worker, choice }
}

export function spawnWorker(choice: RuntimeChoice, setup: WorkerSetup): Worker {
  const prepared = spare?.choice === choice ? spare.worker : undefined
  if (prepared) spare = undefined
  const worker = prepared ?? startWorker(choice)
  worker.ref()
  worker.postMessage(setup)
  return worker
}

/** A bundle has the worker beside itself as `runtime.worker.js`. */
function startWorker(runtime: RuntimeChoice): Worker {
  const file = import.meta.url.endsWith('.ts') ? './typescript.worker.mjs' : './runtime.worker.js'
  // TensorFlow reads this from the process' own environment, which a thread cannot change: only warnings and errors.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1'
  const workerData: WorkerData = { runtime }
  // No arguments of the parent: a test runner or a debugger would reach into the worker with them.
  return new Worker(new URL(file, import.meta.url), { execArgv: [], workerData })
}
