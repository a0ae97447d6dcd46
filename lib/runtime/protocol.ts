/**
 * What the runtime and its worker say to each other.
 * @module
 */
import { EdgeloopError, type ErrorCode } from '../errors/index.ts'
import type { RuntimeChoice, RuntimeName } from './runtime.ts'

/** What a worker is started with: what it computes on. */
export interface WorkerData {
  runtime: RuntimeChoice
}

/** To the worker, first: what it is to hold. */
export interface WorkerSetup {
  backboneDir: string
  /** The backbone that the runtime promises; the folder could have changed since. */
  backboneHash: string
}

/** To the worker: a batch of photos, one after the other in one buffer. */
export interface Request {
  id: number
  pixels: Uint8Array<ArrayBuffer>
  batch: number
}

/** An EdgeloopError in a form that survives the way between threads. `broken`: do not use this worker again. */
export interface Failure {
  code: ErrorCode
  message: string
  where?: string
  hint?: string
  broken: boolean
}

/** From the worker: `ready` once, then one answer for each request. */
export type Reply =
  | { type: 'ready'; runtime: RuntimeName }
  | { type: 'answer'; id: number; features: Float32Array<ArrayBuffer> }
  | { type: 'failure'; id: number | null; failure: Failure }

/** Anything but an EdgeloopError may have left the backend's memory in disorder. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof EdgeloopError) {
    const { code, message, where, hint } = thrown
    return { code, message, where, hint, broken: false }
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return { code: 'INTERNAL', message: `the backbone failed: ${message}`, broken: true }
}

export function fromFailure({ code, message, where, hint }: Failure): EdgeloopError {
  return new EdgeloopError(code, message, { where, hint })
}
